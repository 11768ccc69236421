"""`./dev score [NAME ...]`: run the answer keys and print what was right, missed, wrong and unsure."""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from score.scores import SCORES, Shown


def main() -> int:
    """Print the scores asked for, or all; 1 when an answer was not right."""
    parser = ArgumentParser(prog="./dev score", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="one of " + ", ".join(SCORES))
    names = parser.parse_args().names or list(SCORES)
    for name in names:
        if name not in SCORES:
            parser.error(f"{name!r} is no score; there are: {', '.join(SCORES)}")
    scores = [SCORES[name]() for name in names]
    sys.stdout.write("\n".join(Shown(score).text for score in scores))
    return 1 if any(score.failed for score in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
