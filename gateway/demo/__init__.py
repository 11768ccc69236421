"""`gateway demo`: a small hospital archive, a reading site and a phantom brain with a PML-like lesion.

demo                 the whole loop, with what a person sees of it
demo_systems         the nodes and the gateway's own processes, started and stopped
hospital             the hospital's archive: stores, answers queries, moves, commits (`HospitalArchive`)
reading_site         the reading site's node: keeps what it is sent (`ReadingSite`)
push                 a hospital pushing files (`push`)
commitment, queries  the archive's storage commitment, and how it matches a query
file_store           files on disk
listener, services   pynetdicom set up so that it always stops; UIDs and presentation contexts
phantom              a whole study of a head, slice by slice, as Datasets (`phantom_study`)
scanner              the header a 3 T scanner would write for each sequence
contrasts            what each MR sequence makes of the tissues
anatomy              one voxel model of a head: which tissue sits where, and the lesion in it
errors               what can go wrong in the demonstration

The nodes here are a second, independent implementation on pynetdicom: nothing is shared with `dicom_nodes`,
so a study that goes round the loop is checked by other code than the code that sent it.
"""
