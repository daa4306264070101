"""A small audit as a person makes it, for the tests of what follows it."""

import csv
import io
import shutil
from contextlib import redirect_stderr, redirect_stdout

import polars as pl

from kumihimo.run.cli import build, run


def said(*words):
    """Type a line that has to be done, however long it takes; returns what it said."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(build(), words)
    assert (code, err.getvalue()) == (0, ""), (words, out.getvalue(), err.getvalue())
    return out.getvalue()


def done(*words):
    """Type a line of `kumihimo audit`."""
    return said("audit", *map(str, words))


def make_audit(folder, rows=400, seed=1):
    """Make the sample, map both files and run; returns the audit's folder."""
    folder.mkdir(exist_ok=True)
    done("sample", "--out", folder / "sample", "--rows", rows, "--seed", seed)
    insurer, register = (folder / "sample" / f"{name}.xlsx" for name in ("insurer", "register"))
    names = ("--institution", "試験健保", "--affair", "健康保険証")
    done("map", insurer, "--out", folder / "mapping.toml", *names)
    done("map", register, "--side", "snapshot", "--out", folder / "mapping.toml")
    done(*run_line(folder), "--out", folder / "audit")
    return folder / "audit"


def run_line(folder):
    """Return the words of `audit run`, but for where to."""
    insurer, register = (folder / "sample" / f"{name}.xlsx" for name in ("insurer", "register"))
    return ("run", folder / "mapping.toml", "--rows", insurer, "--snapshot", register)


def findings(folder):
    return pl.read_parquet(folder / "findings.parquet").sort("row")


def copied(audit, folder):
    """Return a copy of an audit that a test may change."""
    shutil.copytree(audit, folder / "copy")
    return folder / "copy"


def edited(folder, change, *, encoding="utf-8-sig"):
    """Write the pattern table as somebody hands it back: `change` gets each line as a dict."""
    with (folder / "patterns.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for n, row in enumerate(rows):
        change(n, row)
    path = folder / "handed-back.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path
