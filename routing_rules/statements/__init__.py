"""What the product says about PML, MS and their MRI, each sentence with its source: `table` reads and cites them.

The rule: a sentence about the disease, its images, treatment or follow-up stands here once, and every place that shows
it takes it by its id. A file of `topics` is one part of a page of the manual, in that order. To add one:

- `says`: the source's own words, short and exact; `text`: ours, with each hedge of the source (often, may, appears to);
- `source`: a key of sources.json, with the `section` it was read in; numbers with their `sample`;
- `source` is `ours` where no source says it; then there is neither `says` nor `section`.

`table.overstated` compares the two; the page `clinical-statements` of the manual shows all for review (`./dev manual`).
"""
