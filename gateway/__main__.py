"""`python -m gateway` is the command `gateway`."""


def main() -> None:
    """The command."""
    from gateway.service.private_files import keep_private
    from gateway.service.starting import importing

    keep_private()
    with importing():
        from gateway import cli
    cli.main()


if __name__ == "__main__":  # a process that prepares copies imports this file, too (gateway.pipeline.cores)
    main()
