"""What became bright on FLAIR since a prior study: a map in units of noise, and the places that it holds.

Read `change_map` first. Pure: two volumes and the rigid transform between them go in. Only a child process of the
worker, with limits, imports this.

outcome      the map, its components, and why there is none
grids        volumes as SimpleITK images; the prior on the grid of the current study, both equally sharp
brain        where the brain is, and how bright its white matter
intensity    the prior as the current scanner would have shown it: coil, scale and contrast
misfit       how far the two lie from each other, measured from the pictures alone
components   the places that changed: new, or grown from what was bright before
change_map   all of it, in order
"""
