"""The report as DICOM objects, in the forms that archives take.

forms                        one report and its evidence in, one object of the wanted form out
structured_report            the SR document: observers, verification, request, evidence
encapsulated_pdf             the printed report inside a DICOM object
secondary_capture            the printed pages as DICOM images
common_modules               what every form shares: equipment, times, identity, file meta information
evidence                     the original headers: whose report it is, and what was read
"""
