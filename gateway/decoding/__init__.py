"""The pixels of an object, decoded within limits and, where they are compressed, in a process that may die.

Read `pixels` (the one function that decodes, for pages and for comparisons), then `syntaxes` (what is decoded, as the
conformance statement says it), `description` (what the header promises, and the limits it is held to), `children` (the
processes that decode), `child` (the program they run) and `codecs` (the decoders that pydicom has not). `walks` has
codestreams accounted for, byte for byte, by the same processes, which tell with `sample_ends` where samples end. What
goes wrong is in `errors`. What a deflated data set inflates to was limited when it came (`dicom_nodes.encoding.walk`).
"""
