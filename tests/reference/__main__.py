"""`./dev manual`: write the generated parts of the manual's pages again, from what the code says."""

from __future__ import annotations

import sys

from reference.pages import MANUAL, generated


def main() -> int:
    """Write what differs; prints the name of each page that changed."""
    for path, stands, should in generated():
        if stands != should:
            path.write_text(should, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(MANUAL)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
