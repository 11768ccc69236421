"""The audit trail without its writers: which events there are, where a deed came from, and how rows prove each other.

    events         the table of events: what is written when, who sees it, its code in a DICOM audit message
    origin         the address that what is done now comes from
    chain          the seal of a row, over the row and the seal before it
    anchors        heads of the chain outside the database
    verification   the first row that does not fit
    messages       a row as a DICOM audit message
    syslog         messages to a syslog server, over TLS
    first_chain    the digests of rows that were written before there was a key

`ledger.audit_trail` writes the rows, `ledger.trail` seals them.
"""
