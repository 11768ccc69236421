"""What we ask of other systems over DICOMweb (PS3.18): STOW-RS and QIDO-RS.

Read `dicomweb` (the whole exchange), then `stow_upload` (batches), `multipart` (the body), `stow` (the answer)
and `dicom_json` (what a server states, whatever it leaves out).
"""
