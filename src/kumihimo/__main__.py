"""`python -m kumihimo`: the command line."""

import gc

# What is read at the start stays: to look through it for garbage, dozens of times, was a tenth of
# what a start cost. A room that serves goes back to Python's own (`serve_cli`).
gc.set_threshold(50_000, 10, 10)

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
