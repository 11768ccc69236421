"""The bytes of DICOM objects (PS3.5, PS3.10): where elements lie, whether a data set is whole. No network.

The one reader of them, for the receiver, the de-identifier and the command line, in the order to read in:

    vrs             the value representations: long or short form, text or number, what pads them
    uids            what a transfer syntax says about the encoding
    headers         tag, VR and length of an element or item, read and written
    part10          the beginning of a file: preamble and file meta information, read and written
    walk            is a data set complete, as a whole or while it passes in pieces; the values of a few elements
    elements        the elements of a little-endian data set as byte ranges, and the items of its sequences
    codestreams     compressed pixel data: what of their bytes is the codec's
    command_sets    the part of a network message before its data set
    mending         what a reader is given where an object takes liberties that pydicom misreads
    octets          the bytes of an object, in memory or left on the disk
    errors          what is wrong with them

Nothing is decoded here: values belong to pydicom, and so does the data dictionary. Nothing here imports it, and this
file imports nothing. The proof that nothing leaks has a reader of its own (gateway.privacy.leak_search.spans).
"""
