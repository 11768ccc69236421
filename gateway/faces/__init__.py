"""Faces taken out of head images, where a rule or a site asks for it; nothing here is loaded otherwise.

The story, and the order to read in:

    study       the planes for each frame of reference of a study
    stacks      which series of a study shows the whole head, and its slices as one volume
    brain       where the brain is: brainextractor's mask, from a process of its own (`child`), held to be plausible
    head        what else the pixels of that volume show: tissue, air, and how far from the brain
    shear       the planes below and in front of the brain; what lies beyond them is the face
    bearing     whether the head lies as its coordinates say, or the planes would cut elsewhere
    outline     whether every other series shows that head where it says (`pose`: or fits it better turned)
    cut         one object without its face, and the proof on the finished copy
    preparer    copies prepared like all others, of objects without their faces
    slices      where the voxels of an object lie in the patient
    missing     whether the libraries are installed

This file imports nothing.
"""
