"""DICOM files as people have them on disk, without a running gateway: read, sent, classified, explained, de-identified.

Read `dicom_file` (one file), `found_files` (which of many can be read, and why not the others), `offline` (commands on
many), `deidentification` (`gateway deidentify`).
"""
