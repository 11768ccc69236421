"""Lesions and their spectra: the rows of the sources' MS-versus-PML table, from the question to the report.

    answers        the closed answers about a lesion or a voxel
    exclusions     one table: which answers exclude which
    lesion         one lesion or group of like lesions, with its sites and sides
    marks          where it was marked in the pictures, in mm
    spectrum       one voxel of 1H spectroscopy
    items          both as sections of the form
    entries        both as entries of the outline
    earlier_forms  one table: what became of each answer of an earlier form
    growth         how much a lesion grew since the prior report
    identity       which lesion of the earlier reports a lesion is

Pure: no database, no network, no clock.
"""
