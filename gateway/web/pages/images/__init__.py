"""What a browser draws pictures of a case from: `index` (what there is), `volume` (a stack) and `frame` (one of them).

`listing` says the index as JSON, `byte_range` what of an answer is asked for. PNG for plain pages: `gallery`.
"""
