"""`kumihimo audit run` and what follows it: approvals and comparisons, on a small insurer's files."""

import json
import subprocess
import sys

import polars as pl
import pytest

from kumihimo.linkaudit.approvals import lines_of
from kumihimo.linkaudit.schema import Verdict
from kumihimo.linkaudit.setting import Sizes
from kumihimo.run import audit_run_cli
from tests.hostile.terminal import typed
from tests.run.audits import copied, done, edited, findings, make_audit, run_line


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("insurer")
    make_audit(folder)
    return folder


def test_processes_that_a_large_file_is_worth_find_what_is_found_without_them(
    folder, tmp_path, monkeypatch
):
    begun = []
    at_work = audit_run_cli.Team.at_work
    monkeypatch.setattr(
        audit_run_cli.Team,
        "at_work",
        lambda workers, progress: begun.append(workers) or at_work(workers, progress),
    )
    same = ("--key", folder / "audit.key")
    done(*run_line(folder), "--out", tmp_path / "alone", *same)
    monkeypatch.setattr(audit_run_cli, "_SMALL", 0)
    done(*run_line(folder), "--out", tmp_path / "together", *same, "--memory", 1)
    assert begun == [1, Sizes.of(1).workers]
    alone, together = (findings(tmp_path / name) for name in ("alone", "together"))
    assert alone.equals(together)


def signed(verdict=None):
    """Return a change that approves every line, with a verdict where one is given."""

    def change(_, row):
        row |= {"approved_by": "佐藤", "approved_on": "2026/11/26"}
        row["verdict"] = verdict or row["verdict"]

    return change


def test_every_row_of_the_file_is_judged_or_listed_with_a_reason(folder):
    audit = folder / "audit"
    assert len(findings(audit)) == 397
    assert (audit / "bad_rows.csv").read_text("utf-8-sig").count(",zeros,番号の桁が足りません") == 3
    planted = pl.read_csv(folder / "sample" / "planted.csv")["record_id"]
    cleared = findings(audit).filter(pl.col("verdict").is_in(["confirmed", "notational"]))
    assert len(planted)
    assert not set(planted) & set(cleared["record_id"])


def test_what_was_taken_in_is_not_taken_in_again_until_its_mapping_changes(folder, tmp_path):
    audit = copied(folder / "audit", tmp_path)
    parts = [audit / side / "part-00000.parquet" for side in ("rows", "snapshot")]
    before = [part.stat().st_mtime_ns for part in parts]
    mapping = tmp_path / "m.toml"
    own, _, other = (folder / "mapping.toml").read_text().partition("[snapshot]")
    mapping.write_text(own.replace("pad = 0", "pad = 12") + "[snapshot]" + other)
    line = list(run_line(folder))
    line[1] = mapping
    told = json.loads(done(*line, "--out", audit, "--json", "--key", folder / "audit.key"))
    after = [part.stat().st_mtime_ns for part in parts]
    assert (before[0] == after[0], before[1] == after[1]) == (False, True)
    assert told["rows"] == 400 == told["listed"] + sum(told["verdicts"].values())
    assert told["listed"] == 0


def test_an_approved_line_decides_its_records_and_no_record_that_says_more_itself(folder, tmp_path):
    audit = copied(folder / "audit", tmp_path)
    # One record of the commonest line for which the search found somebody else.
    commonest = findings(audit)["pattern"].mode()[0]
    row = findings(audit).filter(pl.col("pattern") == commonest)["row"][0]
    own = pl.when(pl.col("row") == row).then(pl.lit("mislink")).otherwise("verdict")
    machine = findings(audit).with_columns(verdict=own)
    machine.write_parquet(audit / "findings.parquet")
    told = done("patterns", "approve", audit, edited(audit, signed("confirmed")))
    assert "Version 1" in told
    both = machine.join(findings(audit), on="row", suffix="_now")
    lines = lines_of(folder / "audit").select("pattern", own="verdict")
    both = both.join(lines, on="pattern")
    by_pattern = (pl.col("verdict") == pl.col("own")) & (pl.col("run").fill_null(0) == 0)
    assert set(both.filter(by_pattern)["verdict_now"]) == {"confirmed"}
    rest = both.filter(~by_pattern)
    assert len(rest)
    assert (rest["verdict"] == rest["verdict_now"]).all()


def test_a_line_says_what_is_done_with_most_of_its_records(folder):
    found = findings(folder / "audit").filter(pl.col("run").fill_null(0) == 0)
    by = found.group_by("pattern", "verdict").len()
    most = by.group_by("pattern").agg(pl.col("len").max())
    told = (
        lines_of(folder / "audit").select("pattern", "verdict").join(by, on=["pattern", "verdict"])
    )
    both = told.join(most, on="pattern", suffix="_most")
    assert len(both) == found["pattern"].n_unique()
    assert (both["len"] == both["len_most"]).all()


def test_an_approval_outlives_the_run_and_strict_approval_clears_nothing_else(folder, tmp_path):
    audit = copied(folder / "audit", tmp_path)
    suspected = findings(audit).filter(pl.col("verdict") == "mislink")["row"].to_list()

    def first_only(n, row):
        if n == 0:
            signed("confirmed")(n, row)

    done("patterns", "approve", audit, edited(audit, first_only, encoding="cp932"))
    strict = ("--approved-only", "--key", folder / "audit.key")
    done(*run_line(folder), "--out", audit, *strict)
    found = findings(audit)
    cleared = found.filter(~pl.col("verdict").is_in([Verdict.PERSON, Verdict.MISLINK]))
    assert set(cleared["verdict"]) == {Verdict.CONFIRMED}
    assert cleared["pattern"].n_unique() == 1
    assert set(cleared["reason"]) <= {"approved", "agree"}
    assert (found["reason"] == "unapproved").sum() > 100
    assert found.filter(pl.col("verdict") == "mislink")["row"].to_list() == suspected
    done("patterns", "approve", audit, edited(audit, signed()))
    assert (findings(audit)["reason"] == "unapproved").sum() == 0
    versions = sorted(one.name for one in (audit / "approved").iterdir())
    assert versions == ["0001.parquet", "0002.parquet"]
    assert "佐藤" in (audit / "patterns.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "sure"}, "verdict: one of confirmed"),
        ({"approved_on": "yesterday"}, "approved_on"),
        ({"birth": "wrong"}, "no pattern of this audit"),
    ],
)
def test_a_table_that_cannot_be_taken_is_refused_by_line(folder, tmp_path, change, said):
    audit = copied(folder / "audit", tmp_path)

    def bad(n, row):
        signed()(n, row)
        if n == 2:
            row |= change

    told = typed("audit", "patterns", "approve", str(audit), str(edited(audit, bad)))
    assert told.code == 2
    assert "line 4" in told.err
    assert said in told.err
    assert not list((audit / "approved").glob("*"))


@pytest.mark.parametrize(
    ("key", "word"), [("birth", "swapped"), ("address", "canonical"), ("others", "somebody")]
)
def test_approvals_in_words_of_an_earlier_version_are_refused_and_not_dropped(
    folder, tmp_path, key, word
):
    audit = copied(folder / "audit", tmp_path)
    done("patterns", "approve", audit, edited(audit, signed("confirmed")))
    before = findings(audit)
    path = audit / "approved" / "0001.parquet"
    stored = pl.read_parquet(path)
    first = pl.int_range(pl.len()) == 0
    stored.with_columns(pl.when(first).then(pl.lit(word)).otherwise(key).alias(key)).write_parquet(
        path
    )
    again = (*map(str, run_line(folder)), "--out", str(audit), "--key", str(folder / "audit.key"))
    for line in (
        ("audit", *again),
        ("audit", "patterns", "write", str(audit)),
        ("audit", "patterns", "approve", str(audit), str(edited(audit, signed()))),
    ):
        told = typed(*line)
        assert told.code == 2
        assert f"{key} {word}: an earlier version's word" in told.err
        assert "approve the lines anew" in told.err
    assert findings(audit).equals(before)
    path.parent.rename(tmp_path / "set-aside")
    done("patterns", "write", audit)
    assert "Version 1" in done("patterns", "approve", audit, edited(audit, signed()))


def test_two_audits_are_compared_by_record_and_by_pattern(folder, tmp_path):
    audit = copied(folder / "audit", tmp_path)
    changed = findings(audit)[5:].with_columns(
        verdict=pl.when(pl.col("row") == 10).then(pl.lit("mislink")).otherwise("verdict")
    )
    moved = findings(audit).filter(pl.col("row") == 10)
    changed.write_parquet(audit / "findings.parquet")
    told = done("diff", folder / "audit", audit, "--out", tmp_path / "moved.csv")
    assert "同じ same 391  動いた moved 1  新しい new 0  消えた gone 5" in told
    line = (tmp_path / "moved.csv").read_text("utf-8-sig").splitlines()[1]
    assert line.startswith(f"{moved['record_id'][0]},")
    assert ",mislink," in line


def test_a_folder_that_holds_something_else_is_left_alone(folder, tmp_path):
    (tmp_path / "letter.txt").write_text("x")
    told = typed("audit", *map(str, run_line(folder)), "--out", str(tmp_path))
    assert told.code == 1
    assert "no audit" in told.err
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]
    told = typed("audit", "diff", str(tmp_path), str(tmp_path))
    assert told.code == 2
    assert "findings.parquet" in told.err


def test_an_audit_of_files_starts_without_the_program_of_a_room():
    asked = "import sys, kumihimo.run.audit_run_cli; print(*sys.modules)"
    read = set(subprocess.check_output([sys.executable, "-c", asked], text=True).split())
    assert "kumihimo.linkaudit.audit" in read
    assert not [name for name in read if name.startswith("kumihimo.rooms.")]
