"""The bytes of DICOM objects (PS3.5 and PS3.10): where elements lie, whether a data set is whole. No network.

    octets      the bytes of an object, in memory or left on the disk
    part10      the preamble and file meta information, and a walk over a whole data set
    stream      the same walk over a data set that passes in pieces
    elements    the top-level elements of a little-endian data set as byte ranges
    errors      bytes that are no DICOM object

Nothing is decoded here: values belong to pydicom. This file imports nothing.
"""
