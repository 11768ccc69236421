"""What a browser draws pictures of a case from: `index` (what there is), `volume` (a stack),
`change` (a map) and `frame` (one of a stack); `again` has them made once more.

`listing` says the index as JSON, `byte_range` what of an answer is asked for. PNG for plain pages: `gallery`.
"""
