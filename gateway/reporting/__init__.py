"""The second opinion itself: what a reader signs, how it becomes DICOM, how it is printed.

    answers, codes, codes.json   closed answers and their codes
    parts, opinion, checks  the items of a report, and what they must agree on
    questions               what may be signed only with a reason
    report                       what a reader signs: an opinion without contradictions
    form, fields, help_texts     the same as a table for the web page
    lesions                      what is said of a lesion and of a voxel, from the question to the outline
    layout                       what a question of the form and an entry of the outline are
    outline                      the report as a tree of headings and entries
    content, structured_report   the outline as DICOM SR (Enhanced, Comprehensive, Basic Text)
    printable, encapsulated_pdf  the outline as HTML and PDF, and the PDF as a DICOM object
    page_images, secondary_capture   the same as pictures of its pages, and these as DICOM images
    evidence, signer             what the report is about, and who answers for it
    example                      a complete synthetic report

Pure: no database, no network, no clock.
"""
