"""`python -m kumihimo`: the command line."""

try:
    from kumihimo.run.cli import main
except KeyboardInterrupt:  # in the first moment, while modules are read
    raise SystemExit(130) from None
except ImportError as missing:
    if (missing.name or "kumihimo").partition(".")[0] == "kumihimo":
        raise
    raise SystemExit(
        f"kumihimo: 環境が壊れています。 The environment is not whole: {missing.name} is missing.\n"
        "  Delete the folder .venv and run ./kumihimo once more."
    ) from None

if __name__ == "__main__":
    main()
