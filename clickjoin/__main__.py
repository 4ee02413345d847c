"""`clickjoin`, and `python -m clickjoin`."""

from clickjoin.cli.app import app


def main() -> None:
    """Run the command line; ends the process with 0, 1 or 2."""
    app(prog_name="clickjoin")


if __name__ == "__main__":
    main()
