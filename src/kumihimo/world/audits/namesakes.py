"""Pairs of people with one reading, one sex and one birth date, as often as in the country."""

from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.world.audits.likenesses import other_spelling
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.families import YEAR, People
from kumihimo.world.streams import Chance, Flags, Ints

# Half of those who share a reading share its spelling too (one in 130 by one in 61).
_SAME_SPELLING: Final = 0.47
_PAIRS_PER_MISLINK: Final = 3  # are made at the least, so that there is something to mistake


@attrs.frozen(eq=False)
class Named:
    """People and names once there are namesakes among them; `pairs` has shape (n, 2)."""

    people: People
    names: pl.DataFrame
    pairs: Ints


def make_namesakes(
    people: People,
    named: pl.DataFrame,
    foreign: Flags,
    twins: Ints,
    plan: AuditPlan,
    block: int,
    chance: Chance,
) -> Named:
    """Let one of each pair have the other's reading and birth date; her family takes the surname.

    The two are of one sex and were born within days of each other, so that families stay whole.
    How many meet by chance depends on the size of the world, so only what is missing is made.
    """
    missing = plan.homonyms - natural_share(people, named, foreign, plan.people)
    least = _PAIRS_PER_MISLINK * plan.quota(plan.planting.homonym, block)
    count = max(int(missing * len(people) / 2), least)
    pairs = _paired(people, foreign, twins, count, chance)
    one, other = pairs[:, 0], pairs[:, 1]
    donor = np.arange(len(people), dtype=np.int64)
    of_home = np.full(int(people.household[-1]) + 1, -1, dtype=np.int64)
    of_home[people.household[other]] = one
    taken = of_home[people.household]
    donor = np.where(taken >= 0, taken, donor)
    given = named["given"].gather(one)
    kana = named["given_kana"].gather(one)
    elsewise = other_spelling(kana, given, people.sex[one], chance)
    same = pl.Series(chance.flag(len(pairs), _SAME_SPELLING))
    born = people.born.copy()
    born[other] = born[one]
    names = named.with_columns(
        named["surname"].gather(donor),
        named["surname_kana"].gather(donor),
        named["given"].scatter(other, given.zip_with(same, elsewise)),
        named["given_kana"].scatter(other, kana),
    )
    return Named(attrs.evolve(people, born=born), names, pairs)


def natural_share(people: People, named: pl.DataFrame, foreign: Flags, total: int) -> float:
    """Estimate the share of people who have a namesake by chance in a world of `total`.

    Pairs that share reading, sex and birth *year* are many enough in one block to count; a birth
    day is one of 365 of a year, and pairs grow with the square of the world.
    """
    key = named.select("surname_kana", "given_kana").with_columns(
        sex=pl.Series(people.sex), year=pl.Series((people.born / YEAR).astype(np.int64))
    )
    sizes = key.filter(~pl.Series(foreign)).group_by(pl.all()).len()["len"].cast(pl.Float64)
    pairs = float((sizes * (sizes - 1) / 2).sum()) / YEAR * (total / len(people)) ** 2
    return 2 * pairs / total


def _paired(people: People, foreign: Flags, twins: Ints, count: int, chance: Chance) -> Ints:
    """Return pairs of one sex, born about the same time, no two people of one household."""
    able = ~foreign
    able[twins.reshape(-1)] = False
    order = np.argsort(chance.unit(len(people)))
    order = order[able[order]]
    _, first = np.unique(people.household[order], return_index=True)
    drawn = order[np.sort(first)][: 2 * count]
    drawn = drawn[np.lexsort((people.born[drawn], people.sex[drawn]))]
    drawn = drawn[: len(drawn) // 2 * 2].reshape(-1, 2)
    return drawn[people.sex[drawn[:, 0]] == people.sex[drawn[:, 1]]]
