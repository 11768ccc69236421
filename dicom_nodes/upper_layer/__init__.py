"""The upper layer of DICOM associations (PS3.8) and the messages on it (PS3.7), under both SCP and SCU.

Read `pynetdicom_setup` (what pynetdicom does for us) and `pynetdicom_private` (what of it no version promises),
`contexts` (what is negotiated) with `private_classes` (those of vendors), `pdus` and `pdu_socket` (the bytes of an
established association), `dimse_messages` (the commands of C-STORE), `tls` and
`tls_problems` (what is wrong when it fails).
"""
