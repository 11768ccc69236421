"""What others made is read, decoded and drawn within limits, and in a process that may die.

Read `files` (what pages ask of a file: they read none themselves), `pixels` (the one function that decodes) and
`plain_pixels` (frames that need no decoding, read from their own bytes), then `syntaxes` (what is decoded, as the
conformance statement says it), `description` (what the header promises, and the limits it is held to), `children` (the
processes), `messages` (how they are asked, and limited), `child` (the program they run), `rendering` (what it reads and
draws), `spectra`, `stored` (values as they are stored, asked for by `stored_frames`), `codecs` (decoders that pydicom
has not). `walks` has codestreams accounted for, byte for byte, by the same processes, which tell with `sample_ends`
where samples end. `changes` asks for a map of change. What goes
wrong is in `errors`. What a deflated data set inflates to was limited when it came
(`dicom_nodes.encoding.walk`).
"""
