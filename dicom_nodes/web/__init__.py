"""DICOMweb (PS3.18): STOW-RS and QIDO-RS as we ask them, and the multipart bodies of both sides.

Read `dicomweb` (the whole exchange), then `stow_upload` (batches), `multipart` (the body), `stow` (the answer),
`multipart_reader` (a body that comes in) and `dicom_json` (what a server states, whatever it leaves out).
"""
