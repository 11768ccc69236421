"""The audit trail without its rows: which events there are, where a deed came from, and how rows prove each other.

    events        the table of events: what is written when, who sees it, its code in a DICOM audit message
    origin        the address that what is done now comes from
    first_chain   the digests of rows that were written before there was a key

`ledger.audit_trail` writes the rows.
"""
