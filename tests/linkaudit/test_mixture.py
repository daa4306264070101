"""The rates of mechanisms are those of the rows they are fitted to, however rows are searched."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from kumihimo.linkaudit import judging
from kumihimo.linkaudit.canonical import register_columns
from kumihimo.linkaudit.evidence import unsettled_patterns
from kumihimo.linkaudit.homonyms import Doubles, doubled, keys_of
from kumihimo.linkaudit.mixture import COMPONENTS, fit
from kumihimo.linkaudit.nonmatches import measure
from kumihimo.linkaudit.patterns import CASES_MAX, PLACES, cases, decode_cases, encode, patterns_of
from kumihimo.linkaudit.residual import OUTCOMES
from kumihimo.linkaudit.schema import Mechanism, Outcome
from tests.linkaudit.hand import HASHER, history, person, row_of, rows, snapshot

Counted = tuple[int, float]
_CODES = {place: {str(level): n for n, level in enumerate(levels)} for place, levels in PLACES}
AGREES = {"name": "equal", "kana": "equal", "birth": "equal", "sex": "equal", "others": "nobody"}


def case(outcome: Outcome = Outcome.NONE, **levels: str):
    told = AGREES | levels
    codes = {place: np.array([known[told[place]]], np.uint8) for place, known in _CODES.items()}
    return int(cases(encode(codes), np.array([OUTCOMES.index(outcome)], np.uint8))[0])


def counted(lines: Iterable[Counted]):
    """Return counts by case of (case, how many)."""
    found = np.zeros(CASES_MAX)
    for one, many in lines:
        found[one] += many
    return np.round(found).astype(np.int64)


def searched(one):
    return bool(unsettled_patterns()[patterns_of(np.array([one]))[0]])


def matches(count: int) -> Iterator[Counted]:
    """Return rows that are right: each attribute by itself, and a search finds a namesake."""
    shares = {
        "name": {"equal": 0.93, "canonical": 0.06, "wildcard": 0.01},
        "birth": {"equal": 0.999, "part": 0.001},
        "address": {"equal": 0.9, "different": 0.1},
        "others": {"nobody": 0.98, "elsewhere": 0.02},
    }
    for levels in product(*(told.items() for told in shares.values())):
        told: dict[str, Any] = {
            place: level for place, (level, _) in zip(shares, levels, strict=True)
        }
        many = count * float(np.prod([share for _, share in levels]))
        found = 0.9 if told["others"] == "elsewhere" and searched(case(**told)) else 0.0
        yield case(Outcome.CONTESTED, **told), many * found
        yield case(**told), many * (1 - found)


def homonyms() -> Iterator[Counted]:
    names, outcomes = (("equal", 0.8), ("canonical", 0.2)), ((Outcome.HOMONYM, 0.9), (Outcome.CONTESTED, 0.1))  # fmt: skip
    for (name, share), (outcome, part) in product(names, outcomes):
        yield case(outcome, name=name, address="different", others="elsewhere"), share * part


APART: dict[str, Any] = dict.fromkeys(("name", "kana", "birth", "sex", "address"), "different")
LIKE: dict[str, Any] = {"name": "surname", "kana": "surname", "address": "equal"}
PAIRS = {
    Mechanism.HOUSEHOLD: [(case(Outcome.HOUSEHOLD, **LIKE, birth="different"), 1.0)],
    Mechanism.TWIN: [(case(Outcome.TWIN, **LIKE), 1.0)],
    Mechanism.HOMONYM: list(homonyms()),
    Mechanism.RANDOM: [(case(Outcome.ELSEWHERE, **APART), 1.0)],
}
NONMATCHES = {m: counted((one, 8_000 * part) for one, part in PAIRS[m]) for m in PAIRS}
PLANTED = {Mechanism.HOUSEHOLD: 500, Mechanism.TWIN: 50, Mechanism.HOMONYM: 300, Mechanism.RANDOM: 200}  # fmt: skip
ROWS = 1_000_000


def world():
    counts = counted(matches(ROWS - sum(PLANTED.values())))
    for mechanism, planted in PLANTED.items():
        counts += counted((one, planted * part) for one, part in PAIRS[mechanism])
    return counts


def test_the_rates_are_those_planted():
    counts = world()
    seen = np.flatnonzero(counts).astype(np.int32)
    mixture = fit(seen, counts[seen], NONMATCHES, resamples=0)
    for mechanism, planted in PLANTED.items():
        share = mixture.shares[COMPONENTS.index(mechanism)]
        assert share * ROWS == pytest.approx(planted, rel=0.01), mechanism


def test_a_namesake_is_as_often_found_beside_a_right_row_as_rows_are_searched():
    counts = world()
    seen = np.flatnonzero(counts).astype(np.int32)
    mixture = fit(seen, counts[seen], NONMATCHES, resamples=0)
    lost = case(Outcome.CONTESTED, name="wildcard", address="equal", others="elsewhere")
    [density] = mixture.densities[seen == lost, 0]
    assert density == pytest.approx(0.01 * 0.999 * 0.9 * 0.02 * 0.9, rel=0.02)
    [posterior] = mixture.posteriors[seen == lost, 0]
    assert posterior > 0.999


def test_the_densities_of_a_match_add_up_to_one():
    codes = decode_cases(np.arange(CASES_MAX, dtype=np.int32))
    told = (codes["kana"] == 0) & (codes["sex"] == 0) & (codes["birth"] < 2)
    seen = np.flatnonzero(told).astype(np.int32)
    mixture = fit(seen, world()[seen], NONMATCHES, resamples=0)
    # A row that is settled is not searched: of its cases there is only one.
    possible = (decode_cases(seen)["outcome"] == 0) | unsettled_patterns()[patterns_of(seen)]
    assert mixture.densities[possible, 0].sum() == pytest.approx(1, abs=1e-6)


def test_a_number_that_is_nobodys_counts_as_a_random_one():
    nobodys = case(
        **dict.fromkeys(("name", "kana", "birth", "sex", "address"), "missing"), others="no-person"
    )
    counts = world()
    seen = np.flatnonzero(counts).astype(np.int32)
    mixture = fit(seen, counts[seen], NONMATCHES)
    counts[nobodys] = 100
    [told] = (
        judging.estimates(None, counts, counts, {}, mixture)
        .filter(mechanism="random")
        .rows(named=True)
    )
    whole = ROWS + 100
    assert told["rate"] * whole == pytest.approx(300, rel=0.01)
    assert told["low"] * whole == pytest.approx(300 - 1.96 * 300**0.5, rel=0.1)
    assert told["high"] * whole == pytest.approx(300 + 1.96 * 300**0.5, rel=0.1)


HANAKO = person()
NAMESAKE = person(number="000000000202", address="青森県八戸市大字市川町900番地", household="h9")


@pytest.mark.parametrize(("carries", "sampled"), [(HANAKO, 2), (NAMESAKE, 1)])
def test_a_row_that_is_a_namesakes_tells_nothing_of_how_namesakes_look(carries, sampled):
    register = register_columns(snapshot(HANAKO, NAMESAKE), HASHER)
    doubles = Doubles(**{name: doubled(keys) for name, keys in keys_of(register).items()})
    lines = rows(row_of(HANAKO, 1, number=carries["number"]), row_of(NAMESAKE, 2))
    taken = lines.with_columns(pl.col("number").cast(pl.Int64))
    before = history().with_columns(pl.col("number").cast(pl.Int64))
    counts = measure(taken, register, doubles, before, HASHER)[Mechanism.HOMONYM]
    assert counts.sum() == sampled
    address = decode_cases(np.flatnonzero(counts).astype(np.int32))["address"]
    assert _CODES["address"]["equal"] not in address
