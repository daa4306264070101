import polars as pl
import pytest

from kumihimo.linkaudit.quantiles import BadStatistics
from kumihimo.linkaudit.schema import Verdict
from kumihimo.linkaudit.seeding import KEY, SENSITIVITY, sensitivity, sow
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.worlds import make_world

EACH = 40


@pytest.fixture(scope="module")
def rows():
    return make_world(AuditPlan(links=12_000, seed=21, twins=0.05, homonyms=0.1))["rows"]


@pytest.fixture(scope="module")
def sown(rows):
    return sow(rows, 5, each=EACH)


@pytest.fixture(scope="module")
def changed(rows, sown):
    """Each row that was sown, as it was, with the record whose number it got."""
    owner = rows.rename({c: f"of_{c}" for c in rows.columns})
    return (
        rows.drop("number")
        .join(sown.rows.select("row", "number"), on="row")
        .join(sown.key.select("row", "mechanism"), on="row")
        .join(owner, left_on="number", right_on="of_number")
    )


def test_as_many_are_sown_of_each_kind_as_was_asked(sown):
    counts = dict(sown.key.group_by("mechanism").len().iter_rows())
    assert counts == dict.fromkeys(["household", "homonym", "random", "shift", "twin"], EACH)


def test_only_numbers_change_places_and_only_in_the_rows_of_the_key(rows, sown):
    assert rows.drop("number").equals(sown.rows.drop("number"))
    assert rows["number"].sort().equals(sown.rows["number"].sort())
    moved = rows.filter(rows["number"] != sown.rows["number"])["row"]
    assert set(moved) == set(sown.key["row"])


def test_the_key_holds_no_number(sown):
    assert dict(sown.key.schema) == KEY
    assert "number" not in sown.key.columns


def test_a_row_gets_the_number_of_whom_its_mechanism_would_mistake_it_for(changed):
    def of(mechanism):
        return changed.filter(pl.col("mechanism") == mechanism)

    for mechanism in ("household", "twin"):
        assert (of(mechanism)["household"] == of(mechanism)["of_household"]).all()
    assert (of("household")["birth"] != of("household")["of_birth"]).all()
    assert (of("twin")["birth"] == of("twin")["of_birth"]).all()
    assert (of("homonym")["kana"] == of("homonym")["of_kana"]).all()
    assert (of("homonym")["birth"] == of("homonym")["of_birth"]).all()
    assert (of("random")["household"] != of("random")["of_household"]).mean() > 0.9
    slipped = of("shift").select(step=pl.col("row") - pl.col("of_row"))["step"]
    assert (slipped == 1).mean() > 0.8


def test_another_seed_sows_elsewhere_and_the_same_one_the_same(rows, sown):
    assert sow(rows, 5, each=EACH).rows.equals(sown.rows)
    assert not sow(rows, 6, each=EACH).rows.equals(sown.rows)


def test_a_file_without_households_or_readings_is_sown_by_address_and_name(rows):
    bare = rows.with_columns(
        household=pl.lit(None, dtype=pl.String), kana=pl.lit(None, dtype=pl.String)
    )
    counts = dict(sow(bare, 5, each=10).key.group_by("mechanism").len().iter_rows())
    assert counts["household"] == counts["random"] == counts["shift"] == 10


def test_a_number_that_stands_twice_is_left_alone(rows):
    doubled = rows.with_columns(
        pl.when(pl.col("row") <= 400)
        .then(pl.lit("000000000000"))
        .otherwise("number")
        .alias("number")
    )
    assert (sow(doubled, 5, each=EACH).key["row"] > 400).all()


def test_a_row_that_the_audit_did_not_clear_is_left_alone(rows, sown):
    # A twin who carries her sister's number already would get her own.
    cleared = ~rows["row"].is_in(sown.key["row"].implode())
    again = sow(rows, 5, each=EACH, cleared=cleared)
    assert not set(again.key["row"]) & set(sown.key["row"])


def test_a_small_file_is_not_drowned_in_what_is_sown(rows):
    with pytest.raises(BadStatistics):
        sow(rows.head(1_000), 5, each=EACH)


def test_sensitivity_counts_what_was_found_held_and_passed():
    key = pl.DataFrame(
        {"row": range(8), "record_id": [str(n) for n in range(8)], "mechanism": ["twin"] * 8},
        schema=KEY,
    )
    verdicts = [Verdict.MISLINK] * 4 + [Verdict.PERSON] * 2 + [Verdict.CONFIRMED]
    findings = pl.DataFrame({"row": list(range(7)), "verdict": [str(v) for v in verdicts]})
    (line,) = sensitivity(findings, key).iter_rows(named=True)
    assert set(line) == set(SENSITIVITY)
    assert (line["sown"], line["found"], line["held"]) == (8, 4, 2)
    assert line["cleared"] == 2, "a row that was not judged is looked at by nobody"
    assert line["low"] < line["sensitivity"] == 0.5 < line["high"]
