"""Whether the libraries that find a brain are installed: they are large, and few sites need them."""

from __future__ import annotations

from importlib.util import find_spec

from gateway.errors import GatewayError


class LibrariesMissing(GatewayError):
    """Faces are to be taken out, and what finds the brain is not installed."""

    def __init__(self, names: str) -> None:
        super().__init__(
            f"Faces are to be taken out, and what finds the brain is not installed ({names}).",
            "Install it beside the gateway (pip install 'pml-gateway[deface]'), or decide that faces stay: faces: keep"
            " in the rule, and files.deface_sites without the site.",
        )


def refuse_if_missing() -> None:
    """Raise LibrariesMissing unless all that `child` imports is installed; imports none of it."""
    names = [name for name in ("brainextractor", "nibabel", "scipy") if find_spec(name) is None]
    if names:
        raise LibrariesMissing(", ".join(names))
