"""Where the pictures of a study lie in the patient, and what is worked out from them: pure, on headers and arrays.

Read `study_index` first: the frames and stacks of one case, made once when its copies are, and the only place that
pictures, volumes, alignment, marks and reports take geometry from. Coordinates are millimetres in the patient system of
DICOM: x to the left, y to the back, z to the head (PS3.3 C.7.6.2.1.1); NIfTI alone, at the edge, counts to the right
and to the front.

frames         what a header says of each of its frames
stacks         which frames belong together, in which order, and what is a volume
alignment/     a prior laid over the current study
layouts        which stack stands in which pane
places         where points of the patient lie on a frame
spectrum       what a signal of spectroscopy shows, and where its voxel lies
volume_plan    the volume that a stack makes: of which type, on which scale; or why none
nifti_header   the bytes before its voxels, and how a prior is moved
gzip_parts     how a volume is kept: served as it lies, from the middle, or with another header
volume         the voxels of a stack, and where they lie
change         what became bright on FLAIR since a prior study
"""
