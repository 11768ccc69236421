"""`python -m gateway` is the command `gateway`."""

import sys
from types import TracebackType


def main() -> None:
    """The command."""
    from gateway.service.private_files import keep_private
    from gateway.service.starting import importing

    keep_private()
    sys.excepthook = tell
    with importing():
        from gateway import cli
    cli.main()


def tell(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """Print what nobody caught: its class and its places; its words may quote a patient, and go into mails of cron."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, where)
        return
    from gateway.withheld import trace

    sys.stderr.write(trace(error) + "\n")


if __name__ == "__main__":  # a process that prepares copies imports this file, too (gateway.pipeline.cores)
    main()
