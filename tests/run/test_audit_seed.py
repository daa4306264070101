"""`kumihimo audit seed`: what was sown is found again, and the key says nothing of a person."""

import polars as pl
import pytest

from kumihimo.linkaudit.results import table
from kumihimo.run.cli import build, run
from tests.run.audits import done, make_audit, said


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    return make_audit(tmp_path_factory.mktemp("seed") / "insurer", rows=1_500)


@pytest.fixture(scope="module")
def sown(audit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sown")
    told = done("seed", "sow", audit, "--out", folder / "copy", "--out-key", folder / "key.csv",
                "--each", 20, "--seed", 3)  # fmt: skip
    done("run", folder / "copy" / "mapping.toml", "--rows", folder / "copy" / "rows.parquet",
         "--snapshot", audit / "snapshot", "--out", folder / "audit")  # fmt: skip
    return folder, told


def test_what_is_sown_is_told_and_nearly_all_of_it_is_found(sown, audit):
    folder, told = sown
    assert "household 20" in told
    assert "audit run" in told
    measured = done("seed", "measure", folder / "audit", "--sown", folder / "key.csv",
                    "--original", audit)  # fmt: skip
    assert "感度" in measured
    for mechanism in ("household", "random", "shift"):
        (line,) = [one for one in measured.splitlines() if one.startswith(mechanism)]
        _, planted, found, _, cleared, *_ = line.split()
        assert planted == "20"
        assert int(found) >= 18
        assert cleared == "0"


def test_nothing_is_sown_where_the_audit_saw_something_already(sown, audit):
    folder, _ = sown
    key = pl.read_csv(folder / "key.csv", infer_schema=False)
    cleared = table(audit, "findings").filter(pl.col("verdict").is_in(["confirmed", "notational"]))
    assert not set(key["record_id"]) - set(cleared["record_id"])


def test_the_key_names_rows_and_no_number(sown):
    folder, _ = sown
    key = pl.read_csv(folder / "key.csv", infer_schema=False)
    assert key.columns == ["row", "record_id", "mechanism"]
    assert not key["record_id"].str.contains("^[0-9]{12}$").any()
    assert (folder / "key.csv").stat().st_mode & 0o077 == 0


def test_the_same_seed_sows_the_same_and_none_is_by_chance(sown, audit, tmp_path):
    folder, _ = sown
    for name, seed in (("same", 3), ("one", 0), ("other", 0)):
        done("seed", "sow", audit, "--out", tmp_path / name, "--out-key", tmp_path / f"{name}.csv",
             "--each", 20, "--seed", seed)  # fmt: skip
    keys = [(tmp_path / f"{name}.csv").read_text() for name in ("same", "one", "other")]
    assert keys[0] == (folder / "key.csv").read_text()
    assert len(set(keys)) == 3


@pytest.mark.parametrize("wrong", ["folder", "key", "each", "out", "seed"])
def test_what_cannot_be_sown_is_refused_in_a_line(audit, tmp_path, wrong, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    (tmp_path / "key.csv").write_text("row,record_id,mechanism\n")
    sow = ["sow", str(audit), "--out", str(tmp_path / "x"), "--out-key", str(tmp_path / "k.csv")]
    lines = {
        "folder": ["sow", str(tmp_path), *sow[2:]],
        "key": ["measure", str(audit), "--sown", str(tmp_path / "key.csv")],
        "each": [*sow, "--each", "700"],
        "out": [
            "sow",
            str(audit),
            "--out",
            str(tmp_path / "full"),
            "--out-key",
            str(tmp_path / "k.csv"),
        ],
        "seed": [*sow, "--seed", "-1"],
    }
    assert run(build(), ["audit", "seed", *lines[wrong]]) != 0
    told = capsys.readouterr()
    assert not told.out
    assert len(told.err.splitlines()) == 1
    assert not (tmp_path / "x").exists()


def test_the_help_names_both_steps():
    told = said("audit", "seed", "--help")
    assert "sow" in told
    assert "measure" in told
