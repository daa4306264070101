"""`kumihimo audit draw` and `audit estimate`, as an office uses them that has no review desk."""

import csv

import msgspec
import polars as pl
import pytest

from kumihimo.run.cli import build, run
from tests.run.audits import done, findings, make_audit


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    return make_audit(tmp_path_factory.mktemp("drawn") / "insurer", rows=1_000)


@pytest.fixture(scope="module")
def drawn(audit):
    path = audit.parent / "drawn.csv"
    told = done("draw", audit, "--out", path, "--budget", 150, "--seed", 1)
    return path, told


def looked_at(audit, sample, out, *, errs=()):
    """Fill in what people find who know the truth, but for the records on which one errs."""
    planted = set(
        pl.read_csv(audit.parent / "sample" / "planted.csv", infer_schema=False)["record_id"]
    )
    lines = [("record_id", "reviewer", "answer")]
    for one in pl.read_csv(sample, infer_schema=False).iter_rows(named=True):
        right = "wrong" if one["record_id"] in planted else "own"
        other = "own" if right == "wrong" else "wrong"
        lines.append((one["record_id"], "sato", other if one["record_id"] in errs else right))
        if one["repeat"] == "true":
            lines.append((one["record_id"], "suzuki", right))
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(lines)
    return out


def test_the_records_of_a_draw_are_told_by_stratum_and_hold_no_value(audit, drawn):
    path, told = drawn
    sample = pl.read_csv(path)
    assert len(sample) == 150
    assert "150" in told
    ids = findings(audit).select("record_id", "affair", "verdict")
    assert sample.join(ids, on=["record_id", "affair", "verdict"], how="semi").height == 150
    assert sample["repeat"].sum() == 8
    assert path.stat().st_mode & 0o077 == 0
    names = pl.read_parquet(audit / "rows" / "*.parquet")["name"].drop_nulls()
    text = path.read_text("utf-8-sig")
    assert not [name for name in names if name in text]


def test_the_same_seed_draws_the_same_records_and_none_is_by_chance(audit, drawn, tmp_path):
    for name, seed in (("same", 1), ("one", 0), ("other", 0)):
        done("draw", audit, "--out", tmp_path / name, "--budget", 150, "--seed", seed)
    texts = [(tmp_path / name).read_bytes() for name in ("same", "one", "other")]
    assert texts[0] == drawn[0].read_bytes()
    assert len(set(texts)) == 3


def test_what_people_found_says_how_many_remain(audit, drawn, tmp_path):
    looks = looked_at(audit, drawn[0], tmp_path / "looks.csv")
    told = done("estimate", drawn[0], "--looks", looks)
    assert "見つかった誤り" in told
    assert "estimated to remain" in told
    assert "見誤りこみ" in told
    whole = msgspec.json.decode(done("estimate", drawn[0], "--looks", looks, "--json"))
    assert whole["corrected_for_reviewers_errors"] is True
    lines = {(one["affair"], one["verdict"]): one for one in whole["estimates"]}
    planted = len(pl.read_csv(audit.parent / "sample" / "planted.csv"))
    total = lines[None, None]
    assert total["looked"] == 150
    assert total["low"] <= planted <= total["high"]
    assert total["corrected_low"] <= planted <= total["corrected_high"]
    assert total["left_low"] <= planted - total["wrong"] <= total["left_high"]
    assert lines[None, "cleared"]["wrong"] == 0
    assert whole["agreement"]["agreeing"] == whole["agreement"]["pairs"] == 8
    assert whole["agreement"]["errors"] is None


def test_where_nobody_looked_twice_it_says_that_reviewers_errors_are_not_in_it(
    audit, drawn, tmp_path
):
    looks = looked_at(audit, drawn[0], tmp_path / "looks.csv")
    alone = pl.read_csv(looks, infer_schema=False).filter(reviewer="sato")
    alone.write_csv(tmp_path / "alone.csv")
    told = done("estimate", drawn[0], "--looks", tmp_path / "alone.csv")
    assert "見誤りは、この推定と区間に入っていません" in told.replace("\n", "")
    words = ("estimate", drawn[0], "--looks", tmp_path / "alone.csv", "--json")
    whole = msgspec.json.decode(done(*words))
    assert whole["corrected_for_reviewers_errors"] is False
    assert "corrected" not in whole["estimates"][0]


def test_looks_at_sown_mis_links_tell_what_people_miss(audit, drawn, tmp_path):
    looks = looked_at(audit, drawn[0], tmp_path / "looks.csv")
    key = "row,record_id,mechanism\n" + "".join(f"{n},s{n},random\n" for n in range(40))
    (tmp_path / "sown.csv").write_text(key)
    highs = []
    for passed in (0, 20):
        # The key says which of them were sown: s99 was not.
        said = [f"s{n},sato,{'own' if n < passed else 'wrong'}" for n in range(40)]
        text = "\n".join(["record_id,reviewer,answer", *said, "s99,sato,own", ""])
        (tmp_path / "sown-looks.csv").write_text(text)
        sown = ("--sown", tmp_path / "sown.csv", "--sown-looks", tmp_path / "sown-looks.csv")
        told = done("estimate", drawn[0], "--looks", looks, *sown, "--json")
        highs.append(msgspec.json.decode(told)["estimates"][-1]["corrected_high"])
    assert highs[0] < highs[1]


def test_blind_repeats_tell_who_passed_a_mis_link(audit, drawn, tmp_path):
    repeated = pl.read_csv(drawn[0], infer_schema=False).filter(repeat="true")["record_id"]
    looks = looked_at(audit, drawn[0], tmp_path / "looks.csv", errs=set(repeated[:2]))
    people = msgspec.json.decode(done("estimate", drawn[0], "--looks", looks, "--json"))[
        "agreement"
    ]
    assert people["pairs"] - people["agreeing"] == 2
    told = done("estimate", drawn[0], "--looks", looks)
    assert "sato" in told
    assert "suzuki" in told


@pytest.mark.parametrize(
    "wrong", ["seed", "budget", "cleared", "repeats", "folder", "looks", "none", "sown", "key"]
)
def test_what_cannot_be_drawn_or_estimated_is_refused_in_a_line(
    audit, drawn, tmp_path, wrong, capsys
):
    draw = ["draw", str(audit), "--out", str(tmp_path / "x"), "--budget", "100"]
    (tmp_path / "none.csv").write_text("record_id,reviewer,answer\nnobody,a,own\n")
    estimate, none = ["estimate", str(drawn[0]), "--looks"], str(tmp_path / "none.csv")
    lines = {
        "seed": [*draw, "--seed", "-1"],
        "budget": [*draw[:-1], "2"],
        "cleared": [*draw, "--cleared", "nan"],
        "repeats": [*draw, "--repeats", "2"],
        "folder": ["draw", str(tmp_path), *draw[2:]],
        "looks": [*estimate, str(drawn[0])],
        "none": [*estimate, none],
        "sown": [*estimate, none, "--sown", none],
        "key": [*estimate, none, "--sown", none, "--sown-looks", none],
    }
    assert run(build(), ["audit", *lines[wrong]]) != 0
    told = capsys.readouterr()
    assert not told.out
    assert len(told.err.splitlines()) == 1
    assert not (tmp_path / "x").exists()
