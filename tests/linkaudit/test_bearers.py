"""Rows that carry one number: what a second run knows of them is what a first one finds."""

import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit.bearers import BEARERS, bearers, conflicting
from kumihimo.linkaudit.canonical import fingerprints
from kumihimo.linkaudit.folder import whole
from kumihimo.linkaudit.incremental import FEW, Before, State, changed_places, make_state
from kumihimo.linkaudit.setting import Table
from tests.linkaudit.hand import person, row_of, rows

ROWS = 200


def people():
    """Return a file in which every tenth number stands twice, half of them of two people."""
    written = []
    for row in range(1, ROWS + 1):
        of = row - 1 if row % 10 == 0 else row
        other = {"name": "佐藤　一"} if row % 20 == 0 else {}
        written.append(row_of(person(number=f"{of:012}"), row, **other))
    return rows(*written)


def kept(folder, table):
    """Put a file down, and what is known of its rows; return both."""
    folder.mkdir()
    table.write_parquet(folder / "rows.parquet")
    make_state(folder, 1 + ROWS + 10)
    state = State.opened(folder, writes=True)
    at = table["row"].to_numpy()
    state.numbers[at] = table["number"].cast(pl.Int64).to_numpy()
    state.prints[at] = fingerprints(table, table.columns[1:]).to_numpy()
    return Table(folder / "rows.parquet"), state


@pytest.fixture
def before(tmp_path):
    folder = tmp_path / "before"
    found = bearers(*kept(folder, people()), None)
    with whole(folder / "bearers.arrow") as half:
        found.write_ipc(half)
    np.save(tmp_path / "changed.npy", np.empty(0, np.int64))
    return Before.opened(folder, tmp_path / "changed.npy")


def edited(row, **other):
    table = people()
    at = pl.col("row") == row
    return table.with_columns(
        pl.when(at).then(pl.lit(value)).otherwise(name).alias(name) for name, value in other.items()
    )


def test_a_number_in_two_rows_conflicts_where_the_rows_name_two_people(before):
    found = pl.read_ipc(before.stage / "bearers.arrow")
    assert found.schema == pl.Schema(BEARERS)
    assert found["row"].to_list() == [n for ten in range(10, 201, 10) for n in (ten - 1, ten)]
    told = conflicting(found)["row"].to_list()
    assert told == [n for twenty in range(20, 201, 20) for n in (twenty - 1, twenty)]


@pytest.mark.parametrize(
    "now",
    [
        people(),
        edited(5, number="000000000006"),
        edited(10, number="000000000005"),
        edited(10, name="佐藤　一"),
        edited(20, name="山田　花子"),
        edited(20, number="000000000300"),
        people()[:195],
        pl.concat([people(), rows(row_of(person(number="000000000001"), 201))]),
    ],
    ids=["same", "to two", "away", "renamed", "made one", "to none", "gone", "came"],
)
def test_a_second_run_knows_the_same_bearers(before, tmp_path, monkeypatch, now):
    table, state = kept(tmp_path / "now", now)
    read = []
    at = Table.at
    monkeypatch.setattr(
        Table, "at", lambda t, asked, *rest: read.extend(asked) or at(t, asked, *rest)
    )
    again = bearers(table, state, before)
    assert len(read) <= 4
    assert again.equals(bearers(table, state, None))


def test_of_many_rows_that_changed_all_are_looked_at(before, tmp_path):
    turned = people().with_columns(number=pl.col("number").reverse())
    table, state = kept(tmp_path / "now", turned)
    assert len(changed_places(before.state.prints, state.prints)) * FEW > ROWS
    assert bearers(table, state, before).equals(bearers(table, state, None))


def test_rows_that_carry_some_numbers_are_found_in_all_parts_of_a_file(tmp_path):
    numbers = np.random.default_rng(1).integers(0, 10**12, 150_000)
    numbers[[3, 149_999]] = numbers[70_000]
    make_state(tmp_path, len(numbers))
    state = State.opened(tmp_path, writes=True)
    state.numbers[:] = numbers
    found = state.carrying(pl.Series([numbers[70_000], numbers[5], 10**12, None]))
    assert found["row"].to_list() == [3, 5, 70_000, 149_999]
    assert found["number"].to_list() == numbers[[3, 5, 70_000, 149_999]].tolist()
    assert len(state.carrying(pl.Series([], dtype=pl.Int64))) == 0
