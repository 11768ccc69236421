"""Compressed pixel data, byte for byte: what of it is the codec's, and what is somebody's text.

Nothing is decoded. Each walker follows the structure that its codec's standard gives, and says what has to be written
over what belongs to nothing (`edits.Edit`); what cannot be accounted for raises `UnaccountedBytes`. Read `pixel_data`
(fragments, frames, offset tables: PS3.5 A.4), then `jpeg` (JPEG, JPEG-LS) with its `jpeg_segments` and `jpeg_scan`,
`jpeg_2000` (with HTJ2K, JP2 files), `rle` and `edits`.

What entropy-coded data say is the picture: text that decodes as picture elements is not told apart here. Where they end
is known of Huffman codes (`jpeg_scan`) and RLE; of JPEG-LS and JPEG 2000 it is not: data behind the last sample of a
scan, or behind the last packet of a tile-part without packet lengths, count as the picture's.
"""
