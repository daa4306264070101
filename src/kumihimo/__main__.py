"""`python -m kumihimo`: the command line."""

from kumihimo.run.cli import main

if __name__ == "__main__":
    main()
