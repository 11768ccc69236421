"""The decoders that pydicom has not are there for exactly the syntaxes that need them."""

from __future__ import annotations

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from gateway.decoding import codecs
from gateway.decoding.syntaxes import COMPRESSED


def test_every_compressed_syntax_has_a_decoder() -> None:
    """After they are registered, which may be done twice, pydicom finds one for each that is called shown."""
    codecs.register()
    codecs.register()
    assert [uid for uid in COMPRESSED if not get_decoder(UID(uid)).is_available] == []
    assert set(map(str, codecs.DECODER_DEPENDENCIES)) <= COMPRESSED
    assert all(map(codecs.is_available, codecs.DECODER_DEPENDENCIES))
    assert not codecs.is_available("1.2.840.10008.1.2.1")
