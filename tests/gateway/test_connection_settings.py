"""Settings of the two ports that would open them to the wrong, or to nobody, are refused when they are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.connection_settings import DicomSettings, LimitSettings, WebSettings
from gateway.settings_table import Table


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        (DicomSettings, {"more_sop_classes": "1.2.x"}),
        (DicomSettings, {"port": 70000}),
        (DicomSettings, {"max_unknown": 0}),
        (WebSettings, {"proxies": ["*"]}),
        (WebSettings, {"proxies": ["10.0.0.5/8"]}),
        (LimitSettings, {"connections": 0}),
        (LimitSettings, {"decode_mb": 1}),
    ],
)
def test_what_cannot_be_meant_is_refused(table: type[Table], wrong: dict[str, Any]) -> None:
    """A network with bits of a host, a limit of nothing, an UID that is none."""
    with pytest.raises(ValidationError):
        table.model_validate(wrong)


def test_one_address_and_one_account_never_have_all_of_it() -> None:
    """As delivered: whoever keeps all its places leaves some to others."""
    dicom, limits = DicomSettings(), LimitSettings()
    assert dicom.max_associations_per_address < dicom.max_associations
    assert limits.connections_per_address < limits.connections
    assert limits.uploads_per_account < limits.uploads
    assert limits.uploads_mb_per_account < limits.uploads_mb
