"""Parts of a table by range of numbers: what is read of one, and what it costs to keep it."""

from pathlib import Path

import polars as pl

from kumihimo.linkaudit.joining import load, save

COLUMNS = {"number": pl.Int64, "name": pl.String}
ROWS = 100_000
MIB = 1 << 20


def anonymous():
    """Return the bytes of memory that are this process's alone."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous"))


def test_a_few_lines_of_a_large_part_do_not_hold_the_rest_of_it(tmp_path):
    names = [f"この文字列はとても長くて何にも入りきらない{row:09}" for row in range(ROWS)]
    save({0: pl.DataFrame({"number": range(ROWS), "name": names})}, tmp_path / "a")
    load(tmp_path, 0, COLUMNS, pl.Series([1]))
    before = anonymous()
    kept = [load(tmp_path, 0, COLUMNS, pl.Series([row])) for row in range(40)]
    assert anonymous() - before < 60 * MIB  # the whole of it forty times is ten times as much
    assert [one["name"].to_list() for one in kept] == [[name] for name in names[:40]]
