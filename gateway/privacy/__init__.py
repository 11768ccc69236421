"""De-identification of MR objects, proof that it worked, and the way back: pure functions on data sets and bytes.

The story, and the order to read in:

    profile/        what happens to each attribute: PS3.15 Table E.1-1, options, a site's exceptions
    deidentify/     one object without identity, on data sets, slow and plain, the oracle of `fast`
    fast/           the same result from bytes to bytes, for many objects of one study
    leak_search/    the proof, on the encoded bytes; it knows nothing of those that it judges
    identifiers/    what identifies a person in the originals: the values that the proof looks for
    reidentify/     the way back: a reading site's object under the patient's own identity
    words/          dates, names, radiology words: pure functions on strings
    pseudonyms      what replaces names, numbers, UIDs and dates, by one of two `schemes`: `first_scheme` and
                    `second_scheme`, with a key for each purpose (`derivation`)
    patient_hashes  who a study is about, as keyed hashes
    standard_uids, elements, errors    shared by all of them

Nothing here reads a disk, a database or a clock; compressed pixels are walked by the processes of `gateway.decoding`.
This file imports nothing.
"""
