"""The second opinion itself: what a reader signs, how it becomes DICOM, how it is printed.

    answers, codes, codes.json   closed answers and their codes
    parts, opinion, checks  the items of a report, and what they must agree on
    numbers                 how a number may be typed
    questions               what may be signed only with a reason
    report                       what a reader signs: an opinion without contradictions
    revisions                    what a corrected report says otherwise than the one before
    form, fields, help_texts     the same as a table for the web page
    proposals                    the impression that the answers propose
    hospital_context             what the hospital tells, checked before a reader sees it
    lesions                      what is said of a lesion and of a voxel, from the question to the outline
    layout                       what a question of the form and an entry of the outline are
    outline                      the report as a tree of headings and entries
    content                      the outline as SR content items
    marked_pictures              a frame as it is printed, with its marks and the letters of its sides
    printable, page_images       the outline as HTML and PDF, and as pictures of its pages
    documents                    all of these as DICOM objects: SR, Encapsulated PDF, Secondary Capture
    signer                       who answers for the report, what wrote it, and which report it follows
    example                      a complete synthetic report

Pure: no database, no network, no clock.
"""
