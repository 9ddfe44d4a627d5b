"""`python -m ceremony` is the `ceremony` command."""

from ceremony.cli import main

if __name__ == "__main__":
    main()
