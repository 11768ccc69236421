"""`gateway demo`: a small hospital archive, a reading site and a phantom brain with a PML-like lesion.

anatomy.py       one voxel model of a head: which tissue sits where, and the lesion in it
contrasts.py     what each MR sequence makes of these tissues
scanner.py       the header a 3 T scanner would write for each sequence
phantom.py       a whole study of it, slice by slice, as Datasets (`phantom_study`)
hospital.py      the hospital's archive: stores, answers queries, moves, commits (`HospitalArchive`)
reading_site.py  the reading site's node: keeps what it is sent (`ReadingSite`)
push.py          a hospital pushing files (`push`)
commitment.py    the archive's storage commitment; queries.py its matching; file_store.py files on disk
listener.py      pynetdicom set up so that it always stops; services.py UIDs and contexts; errors.py

The nodes here are a second, independent implementation on pynetdicom: nothing is shared with `dicom_nodes`,
so a study that goes round the loop is checked by other code than the code that sent it.
"""
