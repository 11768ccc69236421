"""What we ask of other systems over associations: C-STORE, C-ECHO, C-FIND.

Read `store_scu` (files over associations), then `store_channel` and `message_buffer` (one message on the wire);
`transcode` is for the peer that cannot take a file as it is; `query` and `verification` stand alone.
"""
