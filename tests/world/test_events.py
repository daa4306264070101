"""The history of a world leads to its present."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kumihimo.world.histories import KINDS, STANDINGS, STATE, replay
from kumihimo.world.nation import World

STATE_COLUMNS = ("person", *STATE)


@pytest.mark.parametrize(("seed", "municipalities"), [(1, 1), (2, 2), (3, 20), (4, 1000)])
def test_the_events_lead_to_the_present_state(seed, municipalities):
    made = World.generate(4_000, seed, municipalities=municipalities)
    assert_frame_equal(replay(made.events), made.residents.select(STATE_COLUMNS))


def test_a_history_with_an_event_missing_leads_elsewhere(world):
    moved = world.events.filter(pl.col("kind").is_in(["move-in", "move-within"]))
    person = moved["person"][0]
    rest = world.events.filter((pl.col("person") != person) | (pl.col("seq") == 1))
    before, after = replay(rest), world.residents
    old, new = (t.filter(person=person)["address"].item() for t in (before, after))
    assert old != new


def test_every_kind_of_event_happens():
    assert set(World.generate(30_000, 5).events["kind"]) == set(KINDS)


def test_everybody_has_exactly_one_beginning_and_it_is_the_first_entry(world):
    first = world.events.filter(pl.col("seq") == 1)
    beginnings = ["birth", "first-record", "foreign-entry"]
    assert first["person"].to_list() == world.residents["person"].to_list()
    assert first["kind"].is_in(beginnings).all()
    assert not world.events.filter(pl.col("seq") > 1)["kind"].is_in(beginnings).any()
    assert first.select(STATE).null_count().sum_horizontal().item() == 0


def test_events_are_in_order_and_never_in_the_future(world):
    day = pl.col("effective_date")
    assert world.events.select((day.diff() < pl.duration(days=0)).over("person").any()).item() is (
        False
    )
    assert world.events["effective_date"].max() < date(2026, 4, 1)
    assert world.events["effective_date"].min() == date(2015, 10, 5)


def test_nothing_happens_to_the_dead(world):
    last = world.events.group_by("person").agg(
        pl.col("kind").last(), died=(pl.col("kind") == "death").any()
    )
    dead = last.filter("died")
    assert len(dead) > 50
    assert set(dead["kind"]) == {"death"}


def test_nobody_is_born_after_the_first_entry_of_the_record(world):
    born = world.events.filter(kind="birth")
    corrected = world.events.filter(pl.col("birth_date").is_not_null(), pl.col("seq") > 1)
    sure = born.join(corrected, on="person", how="anti")
    assert (sure["effective_date"] == sure["birth_date"]).all()


def test_whoever_moves_out_arrives_elsewhere(world):
    moves = world.events.filter(pl.col("kind").is_in(["move-out", "move-in"]))
    pairs = moves.with_columns(
        next_kind=pl.col("kind").shift(-1).over("person"),
        next_office=pl.col("office").shift(-1).over("person"),
    ).filter(kind="move-out")
    assert set(pairs["next_kind"]) == {"move-in"}
    assert (pairs["office"] != pairs["next_office"]).all()


def test_a_move_within_stays_with_the_office(world):
    told = world.events.with_columns(before=pl.col("office").shift(1).over("person"))
    within = told.filter(kind="move-within")
    assert len(within) > 500
    assert (within["office"] == within["before"]).all()


def test_a_marriage_gives_the_surname_of_the_head(world):
    married = world.events.filter(kind="marriage")
    heads = world.residents.filter(relation="世帯主").select("household", head="surname")
    together = married.drop("household").join(
        world.residents.select("person", "household"), on="person"
    )
    joined = together.join(heads, on="household")
    assert len(joined) == len(married) > 100
    assert (joined["surname"] == joined["head"]).all()
    assert set(joined["relation"]) <= {"妻", "夫"}


def test_whoever_left_the_country_is_abroad_until_the_return(world):
    kinds = world.events.group_by("person").agg("kind")
    left = kinds.filter(pl.col("kind").list.contains("abroad-out"))
    away = left.filter(~pl.col("kind").list.contains("abroad-back"))["person"]
    abroad = world.residents.filter(standing="abroad")["person"]
    assert sorted(away) == sorted(abroad)
    assert 0 < len(abroad) < len(left)


def test_a_changed_number_is_another_number():
    made = World.generate(30_000, 6, municipalities=3)
    changed = made.events.filter(kind="number-change").select("person", new="individual_number")
    first = made.events.filter(seq=1).select("person", old="individual_number")
    both = changed.join(first, on="person")
    assert len(both) >= 5
    assert (both["old"] != both["new"]).all()


def test_the_standings_are_the_four_and_nobody_is_left_between_two_towns(world):
    assert set(world.residents["standing"]) <= set(STANDINGS) - {"moving"}
