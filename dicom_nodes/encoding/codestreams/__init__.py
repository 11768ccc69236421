"""Compressed pixel data, byte for byte: what of it is the codec's, and what is somebody's text.

Nothing is decoded. Each walker follows the structure that its codec's standard gives, and says what has to be written
over what belongs to nothing (`edits.Edit`); what cannot be accounted for raises `UnaccountedBytes`. Read `pixel_data`
(fragments, frames, offset tables: PS3.5 A.4), then `jpeg` (JPEG, JPEG-LS) with its `jpeg_segments` and `jpeg_scan`,
`jpeg_2000` (with HTJ2K, JP2 files) with its `jpeg_2000_packets` and `jpeg_2000_tiles`, `rle` and `edits`.

What entropy-coded data say is the picture: text that decodes as picture elements is not told apart here. Where they end
is known: of Huffman codes by counting them, of JPEG 2000 by following its packets, of RLE by its runs. Of JPEG-LS
only a decoder knows it: whoever has one hands it in (`jpeg.Ends`); without it all data of a scan are the picture's.
"""
