"""Parts of a table by range of numbers: what is read of one, and what it costs to keep it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit import joining, residual
from kumihimo.linkaudit.arrows import NotPlain, batches
from kumihimo.linkaudit.canonical import INDEX
from kumihimo.linkaudit.joining import integers, load, save
from kumihimo.linkaudit.residual import Wanted, candidates

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


# `alias` is rare, and stands in a file of its own.
MIXED = {
    "number": pl.Int64,
    "hash": pl.UInt64,
    "sex": pl.Int8,
    "name": pl.String,
    "alias": pl.String,
}


@pytest.fixture(params=[(), (("name", "alias"), ("sex",))], ids=["together", "apart"])
def mixed(tmp_path, request):
    """Return a stage with two chunks, of several batches and of one, their lines, and what lies apart."""
    chunks = []
    for n, height in enumerate((300_000, 40)):
        row = pl.int_range(height, eager=True)
        table = pl.DataFrame(
            {"number": 7 * row + n, "hash": row.reverse() * 2**43, "sex": row % 3 - 1}
        )
        few = pl.when(pl.col("number") % 100 == 3).then(pl.format("通称{}", "number"))
        known = pl.when(pl.col("number") % 5 > 0).then(pl.format("名{}前", "number"))
        table = table.with_columns(few.alias("alias"), known.alias("name"))
        chunks.append(table.select(pl.col(name).cast(kind) for name, kind in MIXED.items()))
        save({0: chunks[-1]}, tmp_path / f"{n}", request.param)
    assert len(list(batches(joining.left(tmp_path, 0)[0]))) > 1
    return tmp_path, pl.concat(chunks), request.param


@pytest.mark.parametrize("every", [1, 3, 40, 1_000, 10**9])
def test_lines_of_some_numbers_are_those_that_reading_all_finds(mixed, every):
    stage, lines, apart = mixed
    wanted = lines["number"].gather_every(every)
    for columns in (MIXED, {name: MIXED[name] for name in ("alias", "number")}):
        found = load(stage, 0, columns, wanted, apart)
        assert found.equals(lines.filter(lines["number"].is_in(wanted)).select(list(columns)))


def test_few_lines_are_read_without_the_others(mixed, monkeypatch):
    def opened(*_):
        raise AssertionError("Polars makes views of all texts")

    stage, lines, apart = mixed
    monkeypatch.setattr(pl, "scan_ipc", opened)
    wanted = lines["number"].gather_every(1_000)
    assert 600 > len(load(stage, 0, MIXED, wanted, apart)) > 200
    with pytest.raises(AssertionError):
        load(stage, 0, MIXED, lines["number"], apart)


def test_a_file_that_is_packed_or_of_other_columns_is_not_read_as_it_lies(tmp_path):
    texts = pl.DataFrame({"number": [1, 2], "name": ["a", "b"]})
    oldest = pl.CompatLevel.oldest()
    texts.write_ipc(tmp_path / "packed", compression="lz4", compat_level=oldest)
    texts.write_ipc(tmp_path / "views", compat_level=pl.CompatLevel.newest())
    (tmp_path / "other").write_bytes(b"ARROW2" * 9)
    for name in ("packed", "views", "other"):
        with pytest.raises(NotPlain):
            list(batches(tmp_path / name))
    texts.write_ipc(tmp_path / "plain", compat_level=oldest)
    (plain,) = batches(tmp_path / "plain")
    assert plain.integers("number").tolist() == [1, 2]
    with pytest.raises(NotPlain):
        plain.integers("name")


def test_who_is_asked_for_is_found_whether_few_are_asked_for_or_many(tmp_path, monkeypatch):
    row = pl.int_range(1, 301, eager=True)
    index = pl.DataFrame({name: row * (n + 1) * 2**40 for n, name in enumerate(INDEX)})
    index = index.with_columns(day=19900101 + row % 28, sex_code=1)
    index = index.select(pl.col(name).cast(kind) for name, kind in INDEX.items())
    save({0: index[:200]}, tmp_path / "0")
    save({0: index[200:]}, tmp_path / "1")
    keys = dict(residual.answering(index))
    two, others = np.sort(keys["persons"][5:7]), np.sort(keys["dwellers"][150:152])
    asked = Wanted(two, others, keys["places"][250:251], keys["places"][:0])
    found = candidates(integers(tmp_path, 0, INDEX), asked)
    assert found.equals(index[[5, 6, 150, 151, 250]])
    monkeypatch.setattr(residual, "_FEW", 0)
    assert candidates(integers(tmp_path, 0, INDEX), asked).equals(found)
