import re
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kumihimo.kernel.refusal import BadInput
from kumihimo.linkaudit.schema import HISTORY, ROWS, SNAPSHOT, Mechanism
from kumihimo.people.births import read_birth
from kumihimo.people.numbers import IndividualNumber, NumberSpace
from kumihimo.world.audits.mislinks import KINDS
from kumihimo.world.audits.numbers import slipped
from kumihimo.world.audits.plan import JAPANS_HOMONYMS, AuditPlan, Planting, Writing
from kumihimo.world.audits.worlds import TRUTH, make_world, write_audit_world
from kumihimo.world.audits.writing import spellings
from kumihimo.world.plan import BadWorld
from kumihimo.world.streams import (
    individual_number_indexes,
    individual_numbers,
    stream,
)

LINKS = 60_000
MANY = Planting(
    household=0.005, homonym=0.003, twin=0.001, random=0.002, one_digit=0.0005, nobody=0.0002,
    shift=0.004,
)  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    return AuditPlan(links=LINKS, seed=11, planting=MANY, block_links=40_000)


@pytest.fixture(scope="module")
def world(plan):
    return make_world(plan)


@pytest.fixture(scope="module")
def both_sides(world):
    """The truth with the register's word on whose row it is and whose number it carries."""
    truth, register = world["truth"], world["register"]
    own = register.rename({c: f"own_{c}" for c in register.columns if c != "number"})
    return (
        truth.join(own, left_on="true_number", right_on="number", how="left", maintain_order="left")
        .join(register, left_on="held_number", right_on="number", how="left", maintain_order="left")
        .with_columns(
            namesake=(pl.col("own_kana") == pl.col("kana"))
            & (pl.col("own_birth") == pl.col("birth"))
            & (pl.col("own_sex") == pl.col("sex")),
            family=pl.col("own_household") == pl.col("household"),
        )
    )


def of(frame, mechanism, *kinds):
    found = frame.filter(pl.col("mechanism") == mechanism)
    return found.filter(pl.col("kind").is_in(kinds)) if kinds else found


def test_the_tables_are_those_that_an_audit_reads(world):
    assert dict(world["register"].schema) == SNAPSHOT
    assert dict(world["history"].schema) == HISTORY
    assert dict(world["rows"].schema) == ROWS
    assert dict(world["truth"].schema) == TRUTH


def test_the_same_plan_makes_the_same_world_and_another_seed_another():
    small = AuditPlan(links=2_000, seed=3)
    made = make_world(small)
    assert all(made[name].equals(again) for name, again in make_world(small).items())
    other = make_world(AuditPlan(links=2_000, seed=4))
    assert not made["rows"].equals(other["rows"])


def test_nobody_in_the_register_shares_a_number_and_none_can_be_a_real_one(world):
    numbers = world["register"]["number"]
    assert numbers.n_unique() == len(numbers)
    some = numbers.gather_every(97).to_list() + world["rows"]["number"].gather_every(97).to_list()
    for number in (*some, *world["truth"]["held_number"]):
        IndividualNumber.parse(number, space=NumberSpace.TEST)
        with pytest.raises(BadInput):
            IndividualNumber.parse(number, space=NumberSpace.OFFICIAL)


def test_each_mechanism_is_planted_as_often_as_the_plan_says(world):
    counts = dict(world["truth"].group_by("mechanism").len().iter_rows())
    expected = {one: LINKS * MANY.of(one) for one in Mechanism if one is not Mechanism.MATCH}
    assert set(counts) == {str(one) for one in expected}
    assert all(counts[one] == pytest.approx(count, abs=3) for one, count in expected.items())
    assert set(world["truth"]["kind"]) == set(KINDS)


def test_who_is_not_in_the_truth_carries_her_own_number(world):
    wrong = world["written"].filter(pl.col("birth_error") | pl.col("no_birth_day"))["row"].to_list()
    plain = pl.col("birth").str.contains("^[0-9]{4}-")
    right = world["rows"].filter(plain & ~pl.col("row").is_in(world["truth"]["row"].to_list()))
    held = right.join(world["register"], on="number", how="left", suffix="_register")
    unequal = held.filter(pl.col("birth").ne_missing(pl.col("birth_register")))
    assert len(held) > LINKS / 2
    assert set(unequal["row"]) <= set(wrong)


def test_who_is_in_the_truth_carries_the_number_of_another(world):
    truth = world["truth"]
    assert (truth["true_number"] != truth["held_number"]).all()
    rows = truth.join(world["rows"], on="row")
    assert (rows["number"] == rows["held_number"]).all()
    assert set(truth["true_number"]) <= set(world["register"]["number"])


def test_a_household_mis_link_names_one_of_the_family_and_a_twin_one_born_with_her(both_sides):
    family = of(both_sides, "household")
    assert family["family"].all()
    assert (family["own_birth"] != family["birth"]).all()
    guardians = of(both_sides, "household", "guardian")
    assert (guardians["own_birth"] > guardians["birth"]).all()
    twins = of(both_sides, "twin")
    assert twins["family"].all()
    assert (twins["own_birth"] == twins["birth"]).all()


def test_a_homonym_mis_link_is_between_two_people_who_both_stand_in_the_register(both_sides):
    pairs = of(both_sides, "homonym")
    assert pairs["namesake"].all()
    assert not pairs["family"].any()
    spelled_alike = (pairs["own_name"] == pairs["name"]).mean()
    assert 0.2 < spelled_alike < 0.8


def test_a_random_mis_link_names_somebody_of_another_family(both_sides):
    strangers = of(both_sides, "random", "one-way", "swapped")
    assert not strangers["family"].any()
    assert not strangers["namesake"].any()


def test_a_slip_of_a_digit_differs_in_one_place_and_is_somebodys_or_nobodys(world, both_sides):
    slips = of(both_sides, "random", "one-digit", "nobody")
    for true, held in slips.select("true_number", "held_number").iter_rows():
        assert sum(a != b for a, b in zip(true, held, strict=True)) == 1
    numbers = set(world["register"]["number"])
    assert set(of(slips, "random", "one-digit")["held_number"]) <= numbers
    assert not set(of(slips, "random", "nobody")["held_number"]) & numbers


def test_a_shift_is_a_run_of_rows_with_their_neighbours_numbers(world):
    shifted = of(world["truth"], "shift").sort("row")
    truly = world["rows"].join(world["truth"].select("row", "true_number"), on="row", how="left")
    own = dict(truly.select("row", pl.coalesce("true_number", "number")).iter_rows())
    for row, held, kind in shifted.select("row", "held_number", "kind").iter_rows():
        assert held == own[row - 1 if kind == "down" else row + 1]
    rows = shifted["row"].to_numpy()
    runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
    assert min(len(run) for run in runs) >= 3


def test_a_swap_leaves_both_with_the_others_number(world):
    swapped = world["truth"].filter(pl.col("kind") == "swapped")
    pairs = set(swapped.select("true_number", "held_number").iter_rows())
    assert pairs
    assert {(held, true) for true, held in pairs} == pairs


@pytest.mark.parametrize("links", [10_000, LINKS])
def test_namesakes_are_as_dense_as_in_the_country_however_small_the_world(links):
    share = namesakes(make_world(AuditPlan(links=links, seed=5)))
    assert share == pytest.approx(JAPANS_HOMONYMS, rel=0.12)


def test_namesakes_can_be_made_rarer_or_denser():
    dense = make_world(AuditPlan(links=10_000, seed=5, homonyms=0.05))
    assert namesakes(dense) == pytest.approx(0.05, rel=0.12)
    none = AuditPlan(links=10_000, seed=5, homonyms=0, planting=Planting(homonym=0))
    assert namesakes(make_world(none)) < 0.002


def namesakes(world):
    groups = world["register"].group_by("kana", "sex", "birth").len()
    return groups.filter(pl.col("len") > 1)["len"].sum() / len(world["register"])


def test_one_birth_in_a_hundred_is_of_twins(world):
    born = world["register"].group_by("household", "birth").len()
    twins = born.filter(pl.col("len") == 2)
    children = world["register"].filter(pl.col("birth") > "1998-04-01")
    assert 0.005 < len(twins) / len(children) < 0.015


def test_offices_write_otherwise_as_often_as_the_plan_says(plan, world):
    written, shares = world["written"], plan.writing
    for column, share in (
        ("stale_address", shares.stale_address),
        ("former_name", shares.former_name),
        ("variant", shares.variant),
        ("lost_character", shares.lost_character),
        ("birth_error", shares.birth_error),
        ("no_birth_day", shares.no_birth_day),
    ):
        assert written[column].mean() == pytest.approx(share, rel=0.25), column
    rows = world["rows"]
    assert rows["sex"].is_null().mean() == pytest.approx(shares.no_sex, rel=0.1)
    prefecture = rows["address"].str.contains("^(東京都|北海道|大阪府|京都府|.{2,3}県)").mean()
    assert 1 - prefecture == pytest.approx(shares.no_prefecture, rel=0.1)


def test_some_birth_dates_lack_their_day_on_either_side_and_are_read_as_such():
    plan = AuditPlan(links=20_000, seed=5, unknown_days=0.01, writing=Writing(no_birth_day=0.02))
    made = make_world(plan)
    held = made["register"].select("number", held="birth")
    rows = made["rows"].join(made["written"], on="row").join(held, on="number")
    rows = rows.filter(~pl.col("row").is_in(made["truth"]["row"].to_list()))
    unknown = rows["held"].str.ends_with("-00")
    assert unknown.mean() == pytest.approx(0.01, rel=0.3)
    assert rows["no_birth_day"].mean() == pytest.approx(0.02, rel=0.2)
    assert not (unknown & rows["no_birth_day"]).any()
    for birth, lacks in rows.select("birth", unknown | pl.col("no_birth_day")).iter_rows():
        year, month, day = read_birth(birth)
        assert (day is None) == lacks
        assert year
        assert month


def test_about_a_fifth_of_the_flats_are_in_anothers_building_behind_another_door(plan, world):
    flats = world["register"].filter(pl.col("address").str.contains("　.*号$"))
    homes = flats.unique("household").select(
        "household", "address", lot=pl.col("address").str.replace("[0-9]+号$", "")
    )
    shared = homes.filter(pl.len().over("lot") > 1)
    assert len(shared) / len(homes) == pytest.approx(2 * 0.2 * 0.8, rel=0.15)
    assert shared["address"].n_unique() == len(shared)
    alone = make_world(AuditPlan(links=20_000, seed=5, neighbours=0.0))["register"]
    homes = alone.filter(pl.col("address").str.contains("　.*号$")).unique("household")
    lots = homes["address"].str.replace("[0-9]+号$", "")
    assert lots.is_duplicated().sum() < 0.01 * len(lots)


def test_a_former_name_or_address_stands_in_the_history_for_most(plan, world):
    moved = world["written"].filter("stale_address")["row"].to_list()
    wrong = world["truth"]["row"].to_list()
    rows = world["rows"].filter(pl.col("row").is_in(moved) & ~pl.col("row").is_in(wrong))
    known = world["history"].filter(pl.col("attribute") == "address")["number"].to_list()
    assert rows["number"].is_in(known).mean() == pytest.approx(plan.history_kept, abs=0.05)


def test_an_account_is_ones_own_a_parents_or_seldom_a_strangers():
    plan = AuditPlan(links=10_000, seed=3, family_accounts=0.1, others_accounts=0.02)
    made = make_world(plan)
    rows = made["rows"].join(made["written"].select("row", whose="account"), on="row")
    shares = dict(rows["whose"].value_counts(normalize=True).iter_rows())
    assert shares["other"] == pytest.approx(0.02, rel=0.15)
    assert 0.02 < shares["family"] < 0.08
    held = rows.select("row", "whose", "account", "holder")
    owners = held.filter(whose="own").unique("account")
    taken = held.filter(pl.col("whose") != "own").join(owners, on="account", suffix="_owner")
    assert (taken["holder"] == taken["holder_owner"]).all()
    assert (held["holder"].str.len_chars() <= 30).all()
    assert not held["holder"].str.contains("[ァ-ヺｦｧ-ｯ　]").any()


def test_foreign_residents_are_written_in_every_order(world):
    names = world["rows"]["name"]
    assert names.str.contains("（").any()
    assert names.str.contains("＿").any()
    assert names.str.contains("^[A-Z]+ [A-Z]+$").any()
    assert world["register"]["alias"].is_not_null().any()


def test_the_register_holds_the_dead_and_those_who_went_abroad(world):
    shares = dict(world["register"]["standing"].value_counts(normalize=True).iter_rows())
    assert shares["dead"] > 0.01
    assert shares["abroad"] > 0.001
    assert shares["dead"] + shares["abroad"] < 0.08


def test_every_spelling_of_the_table_differs_from_what_it_stands_for():
    for kind in ("variant", "iteration", "confusable"):
        table = spellings(kind)
        assert len(table) > 10
        assert (table["written"] != table["other"]).all()


def test_a_number_is_traced_to_its_index():
    index = stream(1, "index").below(1_000, 10**11)
    assert (individual_number_indexes(9, individual_numbers(9, index)) == index).all()


def test_a_slip_that_the_check_digit_lets_pass_is_never_a_number_given_out():
    numbers = individual_numbers(9, np.arange(20_000, dtype=np.int64))
    found = slipped(numbers, stream(1, "slips"), seed=9, people=20_000)
    rate = (found >= 0).mean()
    assert 0.1 < rate < 0.2  # two remainders of eleven
    assert not set(found[found >= 0].tolist()) & set(numbers.tolist())
    for number in found[found >= 0][:200].tolist():
        IndividualNumber.parse(f"{number:012}", space=NumberSpace.TEST)


def test_a_world_on_disk_is_the_world_in_memory(tmp_path):
    plan = AuditPlan(links=1_500, seed=2, block_links=1_000)
    done: list[int] = []
    write_audit_world(plan, tmp_path / "a", progress=done.append)
    made = make_world(plan)
    assert done == [1_000, 1_500]
    for name in ("rows", "truth", "written"):
        assert pl.read_parquet(tmp_path / "a" / name / "*.parquet").equals(made[name])
    write_audit_world(plan, tmp_path / "b", form="csv")
    assert pl.read_csv(tmp_path / "b" / "rows.csv", schema=ROWS).equals(made["rows"])


@pytest.mark.parametrize(
    "wrong", [{"links": 99}, {"links": 10**9}, {"links": 500, "homonyms": 0.3}]
)
def test_a_world_that_cannot_be_made_is_refused(wrong):
    with pytest.raises(BadWorld):
        AuditPlan(seed=1, **wrong)


def test_what_plants_knows_nothing_of_what_compares():
    folder = Path(__file__).parents[2] / "src/kumihimo/world/audits"
    imported = {
        name
        for file in folder.glob("*.py")
        for name in re.findall(r"kumihimo\.(?:people|linkaudit)[\w.]*", file.read_text())
    }
    assert imported == {
        "kumihimo.people.check_digits",
        "kumihimo.people.columns.check_digits",
        "kumihimo.linkaudit.schema",
    }


def test_the_day_of_the_plan_is_the_worlds_present():
    made = make_world(AuditPlan(links=1_000, seed=1, on=date(2024, 1, 1)))
    assert (made["register"]["birth"] < "2024-01-01").all()
