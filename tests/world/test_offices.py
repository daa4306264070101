"""Records as offices keep them."""

import re
import unicodedata
from datetime import date

import polars as pl
import pytest

from kumihimo.people.check_digits import municipality_check_digit
from kumihimo.people.kana import canonical_kana
from kumihimo.people.names import canonical_name, weak_name
from kumihimo.world import reference
from kumihimo.world.institutions import prefecture_code
from kumihimo.world.nation import World
from kumihimo.world.offices import OFFICE_TABLES, WRITTEN, income_year
from kumihimo.world.plan import BadWorld


def with_truth(world, table):
    """The records of a table, whose they are, and the person as the register writes her."""
    truth = world.truth.filter(table=table).drop("table")
    records = world.tables[table].join(truth, on=["institution", "record_id"], validate="1:1")
    return records.join(world.residents, on="person", suffix="_registered", validate="m:1")


@pytest.fixture(scope="module")
def everything(world):
    return pl.concat([with_truth(world, table) for table in OFFICE_TABLES], how="diagonal_relaxed")


def test_every_record_belongs_to_a_person_and_an_institution_of_this_world(world):
    assert world.truth["person"].is_in(world.residents["person"].implode()).all()
    assert world.truth["institution"].is_in(world.institutions["institution"].implode()).all()
    assert len(world.truth) == sum(len(world.tables[t]) for t in OFFICE_TABLES)


def test_an_office_gives_each_person_one_number_of_its_own(world):
    for table in OFFICE_TABLES:
        records = world.tables[table]
        assert records.select(pl.struct("institution", "record_id").is_unique().all()).item()
        assert records["record_id"].str.contains("^[0-9]{10}$").all()


def test_record_numbers_of_two_offices_do_not_meet_on_the_same_person(world):
    truth = world.truth.filter(pl.col("table").is_in(["pension", "medical_insurance"]))
    numbers = truth.group_by("person").agg(pl.n_unique("record_id"), count=pl.len())
    assert (numbers["record_id"] == numbers["count"]).all()


def test_only_the_register_holds_individual_numbers(world):
    holding = [t for t in OFFICE_TABLES if "individual_number" in world.tables[t].columns]
    assert holding == ["resident_record"]


def test_records_stand_at_the_municipality_of_residence(world):
    for table in ("resident_record", "child_allowance"):
        kept = with_truth(world, table)
        assert (kept["institution"] == "lg-" + kept["municipality"]).all()


def test_the_register_writes_what_the_register_holds(world):
    kept = with_truth(world, "resident_record")
    for field in ("name", "name_kana", "sex", "address"):
        assert (kept[field] == kept[f"{field}_registered"]).all()


def test_tax_stays_where_the_person_lived_on_the_first_of_january(world):
    moved = with_truth(world, "local_tax").filter(
        pl.col("institution") != "lg-" + pl.col("municipality")
    )
    assert len(moved) > 50
    newest = world.events.filter(kind="move-in").group_by("person").agg(pl.max("effective_date"))
    joined = moved.join(newest, on="person")
    assert len(joined) == len(moved)
    assert (joined["effective_date"] > date(2025, 1, 1)).all()
    assert moved["stale_address"].all()


def test_a_name_written_by_an_office_is_the_same_name_unless_truth_says_otherwise(everything):
    same = everything.filter(~pl.col("name_differs"))
    written = same["name"].unique()
    pairs = same.select("name", "name_registered").unique()
    assert len(written) > 5_000
    assert all(canonical_name(a) == canonical_name(b) for a, b in pairs.iter_rows())


def test_a_name_with_a_character_taken_for_another_is_another_name_for_a_person_to_look_at():
    made = World.generate(40_000, 11, municipalities=3)
    differs = pl.concat(
        [with_truth(made, t) for t in OFFICE_TABLES], how="diagonal_relaxed"
    ).filter("name_differs")
    pairs = differs.select("name", "name_registered").unique()
    assert len(pairs) > 5
    assert all(canonical_name(a) != canonical_name(b) for a, b in pairs.iter_rows())
    assert all(weak_name(a) == weak_name(b) for a, b in pairs.iter_rows())


def test_a_reading_written_by_an_office_is_the_same_reading(everything):
    pairs = everything.select("name_kana", "name_kana_registered").unique()
    assert all(canonical_kana(a) == canonical_kana(b) for a, b in pairs.iter_rows())


def lot(text, prefecture):
    """An address without prefecture and building, its numbers joined by hyphens."""
    plain = unicodedata.normalize("NFKC", text).split(" ")[0].removeprefix(prefecture)
    for digit, kanji in enumerate("一二三四五六", start=1):
        plain = plain.replace(f"{kanji}丁目", f"{digit}-")
    plain = re.sub("丁目|番地の|番地|番", "-", plain)
    return plain.removesuffix("号").rstrip("-").replace("--", "-")


def test_an_address_written_by_an_office_is_the_same_unless_it_is_an_old_one(everything):
    current = everything.filter(~pl.col("stale_address"))
    prefectures = reference.municipalities().select(municipality="code", prefecture="prefecture")
    pairs = current.join(prefectures, on="municipality").select(
        "address", "address_registered", "prefecture"
    )
    assert len(pairs) == len(current)
    assert all(lot(a, p) == lot(b, p) for a, b, p in pairs.unique().iter_rows())


def test_an_old_address_is_another_address(everything):
    stale = everything.filter("stale_address")
    assert len(stale) > 100
    assert (stale["address"] != stale["address_registered"]).all()


def test_the_same_person_is_written_in_several_ways(everything):
    for field in WRITTEN:
        assert (everything[field] != everything[f"{field}_registered"].cast(pl.String)).sum() > 500


def test_some_offices_did_not_hear_of_the_last_move(world):
    kept = with_truth(world, "pension")
    stale = kept.filter("stale_address")
    assert 0 < len(stale) < len(kept) / 20
    moved = world.events.filter(pl.col("kind").str.starts_with("move"))["person"]
    assert stale["person"].is_in(moved.implode()).all()


def test_the_child_allowance_counts_children_and_follows_the_amounts_in_force(world):
    paid = world.tables["child_allowance"]
    assert paid["children"].min() == 1
    least = pl.min_horizontal("children", 2) * 10_000 + (pl.col("children") - 2).clip(0) * 30_000
    assert paid.select((pl.col("monthly_amount") >= least).all()).item()
    third = paid.filter(pl.col("children") >= 3)
    assert len(third) > 10
    assert (third["monthly_amount"] >= 50_000).all()


def test_a_family_without_minors_gets_no_child_allowance(world):
    with_children = with_truth(world, "child_allowance")["household"]
    minors = world.residents.filter(
        (pl.col("birth_date") >= date(2008, 4, 2)) & (pl.col("relation") == "子")
    )
    assert set(with_children) == set(minors["household"])


def test_people_of_75_are_insured_by_the_union_of_their_prefecture(world):
    kept = with_truth(world, "medical_insurance")
    union = "kouiki-" + kept["municipality"].str.slice(0, 2)
    old = kept["birth_date_registered"] <= date(1951, 3, 1)
    assert (kept.filter(old)["institution"] == union.filter(old)).all()
    young = kept["birth_date_registered"] > date(1952, 1, 1)
    assert not kept.filter(young)["institution"].str.starts_with("kouiki").any()


def test_the_dead_and_those_abroad_are_in_no_current_record(world):
    gone = world.residents.filter(pl.col("standing") != "resident")["person"]
    current = world.truth.filter(pl.col("table") != "local_tax")["person"]
    assert not gone.is_in(current.implode()).any()


def test_income_of_a_year_is_assessed_in_june_of_the_next():
    assert income_year(date(2026, 5, 31)) == 2024
    assert income_year(date(2026, 6, 1)) == 2025


def test_an_office_is_handed_its_own_records_alone(world):
    everyone = world.tables["pension"]
    assert len(world.office("nenkin", "pension")) == len(everyone)
    one = world.institutions.filter(kind="municipality")["institution"][0]
    mine = world.office(one, "local_tax")
    assert 0 < len(mine) < len(world.tables["local_tax"])
    assert "institution" not in mine.columns


@pytest.mark.parametrize(
    ("institution", "table"), [("lg-999999", "pension"), ("nenkin", "truth"), ("nenkin", "events")]
)
def test_nobody_is_handed_what_no_office_has(world, institution, table):
    with pytest.raises(BadWorld):
        world.office(institution, table)


def test_institutions_are_real_municipalities_their_prefectures_and_the_national_bodies(world):
    listed = world.institutions
    assert listed["institution"].is_unique().all()
    assert listed.filter(kind="municipality").height == 20
    for code in listed["code"].to_list():
        assert code == "" or code[-1] == str(municipality_check_digit(code[:-1]))
    homes = listed.filter(kind="municipality")["code"].to_list()
    assert {prefecture_code(c) for c in homes} == set(listed.filter(kind="prefecture")["code"])
    assert {"nenkin", "kyokai-kenpo"} <= set(listed["institution"])


def test_everybody_lives_in_a_town_of_the_municipality(world):
    towns = reference.towns().select(
        "code", "postal_code", place=pl.concat_str("prefecture", "city", "town")
    )
    homes = world.residents.select("municipality", "postal_code", "address").unique()
    found = homes.join(
        towns, left_on=["municipality", "postal_code"], right_on=["code", "postal_code"]
    ).filter(pl.col("address").str.starts_with(pl.col("place")))
    assert found["address"].n_unique() == homes["address"].n_unique()


def test_a_household_of_today_lives_at_one_address(world):
    living = world.residents.filter(standing="resident")
    assert living.group_by("household").agg(pl.n_unique("address"))["address"].max() == 1
    assert world.households["members"].sum() == len(living)
    assert set(world.households["household"]) == set(living["household"])
