"""Families, names and ages of a world."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from kumihimo.people.names import RecordedNames
from kumihimo.world import reference
from kumihimo.world.families import NEVER, YEAR, Role, families
from kumihimo.world.nation import World
from kumihimo.world.streams import stream

TODAY = 20_544


def test_as_many_people_are_made_as_were_asked_for(world):
    assert len(world.residents) == 10_000
    assert world.residents["person"].to_list() == list(range(10_000))


@pytest.mark.parametrize("people", [1, 2, 3, 7, 50])
def test_a_few_people_are_a_world_too(people):
    assert len(World.generate(people, 3, municipalities=1).residents) == people


@pytest.mark.parametrize("seed", range(20))
def test_every_household_has_one_head_who_is_grown_up(seed):
    homes, people = families(500, TODAY, stream(seed, "families"))
    heads = people.role == Role.HEAD
    assert people.household[heads].tolist() == list(range(len(homes)))
    assert ((TODAY - people.born[heads]) / YEAR).min() >= 18


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_born_in_the_future_or_older_than_anyone_ever_was(seed):
    _, people = families(2_000, TODAY, stream(seed, "families"))
    ages = (TODAY - people.born) / YEAR
    assert ages.min() > 0
    assert ages.max() < 110


def test_children_are_younger_than_the_head_and_siblings_are_twins_or_nine_months_apart():
    _, people = families(20_000, TODAY, stream(1, "families"))
    head = np.flatnonzero(people.role == Role.HEAD)
    child = people.role == Role.CHILD
    assert np.all(people.born[child] > people.born[head][people.household[child]] + 17 * YEAR)
    siblings = child[1:] & child[:-1] & (people.household[1:] == people.household[:-1])
    gaps = np.diff(people.born)[siblings]
    assert np.all((gaps == 0) | (gaps > 270))
    assert 0 < np.count_nonzero(gaps == 0) < len(gaps) / 50


def test_children_are_born_after_the_wedding_and_only_couples_are_married():
    homes, people = families(20_000, TODAY, stream(2, "families"))
    child = people.role == Role.CHILD
    wed = homes.married[people.household[child]]
    assert np.all((wed == NEVER) | (people.born[child] > wed))
    spouses = np.bincount(people.household[people.role == Role.SPOUSE], minlength=len(homes))
    assert np.array_equal(spouses == 1, homes.married != NEVER)


def test_the_ages_are_roughly_those_of_the_country(world):
    age = (date(2026, 4, 1) - pl.col("birth_date")).dt.total_days() / YEAR
    old = world.residents.select((age >= 65).mean()).item()
    young = world.residents.select((age < 15).mean()).item()
    assert 0.20 < old < 0.33
    assert 0.09 < young < 0.16


def test_a_couple_and_their_children_have_one_surname(world):
    japanese = world.residents.filter(pl.col("nationality") == "JPN")
    assert japanese.group_by("household").agg(pl.n_unique("surname"))["surname"].max() == 1


def test_people_who_share_nothing_but_a_name_exist(world):
    japanese = world.residents.filter(pl.col("nationality") == "JPN")
    alike = japanese.group_by("name").agg(homes=pl.n_unique("household"))
    assert alike.filter(pl.col("homes") > 1).height > 20


def test_nobody_is_named_like_another_of_the_household(world):
    same = world.residents.group_by("household", "name").len("people")
    assert same.filter(pl.col("people") > 1).height <= 3


def test_common_surnames_are_common(world):
    counts = world.residents["surname"].value_counts(sort=True)["surname"].to_list()
    assert {"佐藤", "鈴木"} & set(counts[:6])


def test_grandmothers_and_granddaughters_are_named_for_their_time():
    old, new = (reference.given_names(g, 2) for g in (1900, 2011))
    ending = "[子江代]$"
    share = [
        float(n.weights[n.kanji.str.contains(ending).to_numpy()].sum() / n.weights.sum())
        for n in (old, new)
    ]
    assert share[0] > 3 * share[1]


def test_a_foreign_resident_has_a_name_in_the_alphabet_and_some_an_alias(world):
    foreign = world.residents.filter(pl.col("nationality") != "JPN")
    assert foreign["surname"].str.contains("^[A-Z]+$").all()
    assert 0 < foreign.filter(pl.col("alias") != "").height < len(foreign)
    assert world.residents.filter(pl.col("nationality") == "JPN")["alias"].unique().to_list() == [
        ""
    ]


def test_the_written_names_are_read_back_with_their_parts(world):
    special = world.residents.filter((pl.col("former_surname") != "") | (pl.col("alias") != ""))
    assert len(special) > 20
    columns = ("name", "name_written", "former_surname", "kanji", "alias")
    for name, written, former, kanji, alias in special.select(columns).iter_rows():
        read = RecordedNames.parse(written)
        if former:
            assert read.former_surname is not None
            assert read.former_surname.reveal() == former
            continue
        assert read.name.reveal() == name
        assert (read.kanji.reveal() if read.kanji else "") == kanji
        assert read.alias is not None
        assert read.alias.reveal() == alias
