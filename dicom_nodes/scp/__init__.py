"""What we offer other systems: C-STORE, C-ECHO and storage commitment on one port.

Read `receiver` first; one image then passes `listening` (the port), `server` and `places` (who may connect, and how
many), `exchange` (which message), `storage_requests` (may it come), `streaming` (bytes from the socket) and `incoming`
(bytes into the file). `callers` remembers who is at the other end, `commitment_provider` answers for what is kept,
`commitment_reports` hears what others answer for, `refusals` names what is turned away. `readable` tries what comes
from outside before pynetdicom's own threads have to.
"""
