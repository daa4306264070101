"""What people found is read as they wrote it, and what they did not find is not made up."""

import polars as pl
import pytest

from kumihimo.linkaudit.looks import LOOKS, agreement, found, of_sample
from kumihimo.linkaudit.review_files import BadReviewFile, read_looks, read_sample, write_table
from kumihimo.linkaudit.sampling import SAMPLE

HEAD = "record_id,reviewer,answer"


def looks(*lines):
    """Return looks from (record, reviewer, answer[, decision[, weight]])."""
    columns = ("record_id", "reviewer", "answer", "decision", "weight")
    rows = [dict.fromkeys(LOOKS) | dict(zip(columns, line, strict=False)) for line in lines]
    return pl.DataFrame(rows, schema=LOOKS)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ([("r", "a", "own")], False),
        ([("r", "a", "notation")], False),
        ([("r", "a", "wrong")], True),
        ([("r", "a", "unsure")], None),
        ([("r", "a", "wrong"), ("r", "b", "own")], None),
        ([("r", "a", "wrong"), ("r", "b", "own"), ("r", "c", "wrong")], True),
        ([("r", "a", "own"), ("r", "b", "wrong"), ("r", "c", "notation")], False),
        ([("r", "a", "unsure"), ("r", "b", "wrong")], True),
        ([("r", "a", "own", "wrong"), ("r", "b", "own", "wrong")], True),
        ([("r", "a", "wrong", "notation")], False),
    ],
)
def test_what_was_decided_counts_and_else_what_most_of_them_said(said, wrong):
    assert found(looks(*said)).rows() == [("r", wrong)]


def test_looks_at_other_records_and_other_affairs_are_left_out():
    sample = pl.DataFrame({"record_id": ["r1", "r2"], "affair": ["pension", "tax"]})
    said = looks(("r1", "a", "own"), ("r2", "a", "own"), ("r3", "a", "own"))
    told = said.with_columns(affair=pl.Series(["pension", "pension", "tax"]))
    assert of_sample(told, sample)["record_id"].to_list() == ["r1"]
    assert of_sample(said, sample)["record_id"].to_list() == ["r1", "r2"]


def test_only_answers_that_another_looked_at_again_say_how_often_one_errs():
    said = looks(
        *((f"r{n}", "a", "own", "own") for n in range(20)),
        ("x1", "a", "own", "wrong"), ("x1", "b", "wrong", "wrong"),
        ("x2", "a", "own", "own"), ("x2", "b", "own", "own"),
        ("x3", "b", "wrong", "own"), ("x3", "a", "own", "own"),
    )  # fmt: skip
    told = agreement(said)
    a, b = told.reviewers
    assert (a.reviewer, a.looks, a.right, a.missed.value) == ("a", 23, 2, 0.5)
    assert (b.reviewer, b.looks, b.wrong, b.false_alarms.value) == ("b", 3, 1, 1.0)
    assert (told.pairs, told.agreeing) == (3, 1)
    assert told.errors is None


def test_a_repeat_that_stands_for_twenty_weighs_as_twenty():
    pairs = [
        *((f"s{n}", "own", "own", 20.0) for n in range(10)),
        *((f"d{n}", "wrong", "own", None) for n in range(2)),
        *((f"w{n}", "wrong", "wrong", None) for n in range(2)),
    ]
    lines = [
        (record, who, said, None, weight)
        for record, one, other, weight in pairs
        for who, said in (("a", one), ("b", other))
    ]
    weighted, plain = (
        agreement(table).kappa
        for table in (looks(*lines), looks(*lines).with_columns(weight=pl.lit(None, pl.Float64)))
    )
    assert weighted is not None
    assert plain is not None
    # 200 and 2 of 204 alike; by chance (200 * 202 + 4 * 2) / 204**2 would be.
    assert weighted.value == pytest.approx((202 / 204 - 40_408 / 204**2) / (1 - 40_408 / 204**2))
    assert plain.value < weighted.value


def written(tmp_path, *lines, encoding="utf-8"):
    path = tmp_path / "looks.csv"
    path.write_text("\n".join(lines) + "\n", encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_looks_are_read_as_excel_saves_them(tmp_path, encoding):
    path = written(tmp_path, f"{HEAD},事務", "甲-1, sato ,own,年金", encoding=encoding)
    told = read_looks(path)
    assert told.rows(named=True) == [
        dict.fromkeys(LOOKS) | {"record_id": "甲-1", "reviewer": "sato", "answer": "own"}
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["record_id,answer", "r,own"], "column reviewer is missing"),
        ([HEAD, "r,a,own", "s,,own"], "line 3: reviewer is empty"),
        ([HEAD, "r,a,right"], "line 2: answer is none of own"),
        ([f"{HEAD},decision", "r,a,own,x"], "line 2: decision is none of"),
        ([f"{HEAD},weight", "r,a,own,0.5"], "line 2: weight is no number from 1"),
        ([f"{HEAD},weight", "r,a,own,NaN"], "line 2: weight is no number from 1"),
        ([HEAD, "r,a,own", "r,a,wrong"], "line 3: reviewer has looked"),
        ([HEAD, 'r,"a,own'], "not a CSV"),
    ],
)
def test_a_file_of_looks_that_says_less_is_refused_by_its_line(tmp_path, lines, words):
    with pytest.raises(BadReviewFile, match=words):
        read_looks(written(tmp_path, *lines))


DRAWN = pl.DataFrame(
    [("r1", "pension", "person", 100, 0.01, 0.1, False), ("r2", "", "confirmed", 5, 1.0, 1.0, True)],
    schema=SAMPLE,
    orient="row",
)  # fmt: skip


def test_a_sample_is_read_as_it_was_written(tmp_path):
    write_table(tmp_path / "sample.csv", DRAWN)
    assert read_sample(tmp_path / "sample.csv").equals(DRAWN)
    assert (tmp_path / "sample.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inclusion", 0.0),
        ("inclusion", 1.1),
        ("inclusion", float("nan")),
        ("least", 0.5),
        ("rows", 0),
        ("verdict", "fine"),
        ("record_id", "r2"),
        ("record_id", ""),
    ],
)
def test_a_sample_that_was_changed_is_refused(tmp_path, name, value):
    first = pl.int_range(pl.len()) == 0
    odd = DRAWN.with_columns(pl.when(first).then(pl.lit(value)).otherwise(name).alias(name))
    write_table(tmp_path / "sample.csv", odd)
    with pytest.raises(BadReviewFile, match="line"):
        read_sample(tmp_path / "sample.csv")
    write_table(tmp_path / "empty.csv", DRAWN[:0])
    with pytest.raises(BadReviewFile, match="has no line"):
        read_sample(tmp_path / "empty.csv")
