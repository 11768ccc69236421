"""`python -m gateway` is the command `gateway`."""

if __name__ == "__main__":  # a process that prepares copies imports this file, too (gateway.pipeline.cores)
    from gateway.cli import main

    main()
