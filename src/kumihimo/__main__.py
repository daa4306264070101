"""`python -m kumihimo`: the command line."""

try:
    from kumihimo.run.cli import main
except KeyboardInterrupt:  # in the first moment, while modules are read
    raise SystemExit(130) from None

if __name__ == "__main__":
    main()
