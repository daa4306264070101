"""The people of a block as the register knows them: living, dead and removed.

Namesakes, twins, brothers with like names and sons with their father's reading are made here, on
top of the families and names of the nation.
"""

from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.world import notation
from kumihimo.world.audits.likenesses import alike
from kumihimo.world.audits.namesakes import make_namesakes
from kumihimo.world.audits.neighbours import with_neighbours
from kumihimo.world.audits.numbers import slipped
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.undated import without_day
from kumihimo.world.dwellings import Dwellings, Towns, dwellings
from kumihimo.world.families import MALE, YEAR, Households, People, Role, families
from kumihimo.world.lives import moves
from kumihimo.world.naming import names
from kumihimo.world.streams import (
    Chance,
    Flags,
    Floats,
    Ints,
    individual_numbers,
    key_of,
    permute,
    stream,
)

STANDINGS: Final = ("resident", "moving", "abroad", "dead")
_TWINS_ALREADY: Final = 0.012  # what `families` makes, of households with two children
_SAME_SEX_TWINS: Final = 0.3  # are made so; half of the others are by chance: our choice
_LIKE_NAMES: Final = {"twins": 0.5, "siblings": 0.2, "father": 0.0005}  # our choice
_RENAMED: Final = 0.5  # of spouses, on marriage: our choice
_RECORDED_FORMER: Final = 0.04  # of those, have the former surname recorded: our choice
_ALIAS: Final = 0.3  # of foreign residents: our choice
_DEAD_WITH_A_ROW: Final = 0.003  # of links: offices hear late: our choice
_MOVING: Final = 0.001
_HOUSEHOLD_SPACE: Final = (100_000, 100_000)


@attrs.frozen(eq=False)
class Register:
    """The people of a block. Arrays and `names` have one entry per person.

    `pairs` are namesakes planted, `twins` pairs of twins, `neighbours` pairs whose numbers differ
    in one digit: index arrays of shape (n, 2). `no_day`: the register does not know the day of birth.
    """

    homes: Households
    people: People
    names: pl.DataFrame
    dwelt: Dwellings
    last_slot: Ints  # of each person's household
    number: Ints
    household: Ints  # the register's own number of each person's household
    standing: Ints
    renamed: Flags
    recorded_former: Flags
    has_alias: Flags
    foreign: Flags
    pairs: Ints
    twins: Ints
    neighbours: Ints
    no_day: Flags

    def addresses(self, slot: Ints) -> pl.DataFrame:
        """Return the parts of each person's address at a slot of the household's."""
        return self.dwelt.table[self.dwelt.rows(self.people.household, slot).tolist()]


def register_of(plan: AuditPlan, block: int, towns: Towns) -> Register:
    """Return the people of a block."""

    def chance(name: str) -> Chance:
        return stream(plan.seed, "audit", block, name)

    homes, people = families(plan.people_in(block), plan.today, chance("families"))
    people = _with_twins(people, plan.twins, chance("twins"))
    twins = twin_pairs(people)
    named = _alike_names(people, names(homes, people, chance("names")), twins, chance("likeness"))
    foreign = homes.foreign[people.household]
    made = make_namesakes(people, named, foreign, twins, plan, block, chance("namesakes"))
    moved, _ = moves(homes, plan.today, chance("moves"), elsewhere=True)
    last = (moved.into != np.iinfo(np.int64).max).sum(axis=1)
    dwelt = dwellings(homes, moved, towns, chance("dwellings"))
    number, neighbours = _numbers(plan, block, chance("numbers"))
    lot = chance("standing")
    renamed = (made.people.role == Role.SPOUSE) & ~foreign & lot.flag(len(people), _RENAMED)
    return Register(
        homes=homes,
        people=made.people,
        names=made.names,
        dwelt=with_neighbours(
            dwelt,
            dwelt.rows(np.arange(len(homes), dtype=np.int64), last),
            plan.neighbours,
            chance("neighbours"),
        ),
        last_slot=last[people.household],
        number=number,
        household=_household_numbers(plan, block, len(homes))[people.household],
        standing=_standing(plan, block, made.people, lot),
        renamed=renamed,
        recorded_former=renamed & lot.flag(len(people), _RECORDED_FORMER),
        has_alias=foreign & lot.flag(len(people), _ALIAS),
        foreign=foreign,
        pairs=made.pairs,
        twins=twins,
        neighbours=neighbours,
        no_day=_no_days(plan, len(people), (made.pairs, twins), chance("unknown-days")),
    )


def snapshot(register: Register) -> pl.DataFrame:
    """Return the table `schema.SNAPSHOT` of a block, in order of number, as no family stands."""
    own, foreign = register.names, pl.Series(register.foreign)
    space = pl.select(pl.when(foreign).then(pl.lit(" ")).otherwise(pl.lit("　"))).to_series()
    recorded, alias = pl.Series(register.recorded_former), pl.Series(register.has_alias)
    frame = pl.DataFrame(
        {
            "number": numerals(register.number),
            "name": own["surname"] + space + own["given"],
            "kana": own["surname_kana"] + space + own["given_kana"],
            "former_surname": _only(recorded, own["former"]),
            "former_surname_kana": _only(recorded, own["former_kana"]),
            "alias": _only(alias, own["alias"]),
            "alias_kana": _only(alias, own["alias_kana"]),
            "kanji": _only(foreign & (own["kanji"] != ""), own["kanji"]),
            "birth": without_day(
                days(register.people.born).dt.strftime("%Y-%m-%d"), register.no_day
            ),
            "sex": pl.Series(register.people.sex).cast(pl.String),
            "address": written_now(register),
            "household": numerals(register.household, 10),
            "standing": pl.Series(STANDINGS).gather(register.standing),
        }
    )
    return frame.sort("number")


def history(register: Register, kept: Flags) -> pl.DataFrame:
    """Return the table `schema.HISTORY`: former names and addresses of people in `kept`."""
    own, number = register.names, numerals(register.number)
    parts: list[pl.DataFrame] = []
    renamed = np.flatnonzero(register.renamed & kept)
    for attribute, first, second in (
        ("name", own["former"], own["given"]),
        ("kana", own["former_kana"], own["given_kana"]),
    ):
        value = first.gather(renamed) + "　" + second.gather(renamed)
        parts.append(_told(number.gather(renamed), attribute, value))
    for slot in range(int(register.last_slot.max(initial=0))):
        moved = np.flatnonzero((register.last_slot > slot) & kept)
        at = register.dwelt.rows(register.people.household[moved], np.full(len(moved), slot))
        place = register.dwelt.table[at.tolist()].select(value=notation.written_address(pl.lit(0)))
        parts.append(_told(number.gather(moved), "address", place["value"]))
    return pl.concat(parts).sort("number", maintain_order=True)


def twin_pairs(people: People) -> Ints:
    """Return (n, 2) indexes of children of one household born on one day, neighbours in order."""
    first = np.arange(max(len(people) - 1, 0), dtype=np.int64)
    child = people.role == Role.CHILD
    together = people.household[:-1] == people.household[1:]
    same = together & child[:-1] & child[1:] & (people.born[:-1] == people.born[1:])
    first = first[same]
    return np.stack([first, first + 1], axis=1)


def numerals(numbers: Ints, length: int = 12) -> pl.Series:
    """Return numbers as text of a fixed length."""
    return pl.Series(numbers).cast(pl.String).str.zfill(length)


def days(born: Ints) -> pl.Series:
    """Return days since 1970-01-01 as dates."""
    return pl.Series(born).cast(pl.Int32).cast(pl.Date)


def written_now(register: Register) -> pl.Series:
    """Return each person's present address as the register writes it."""
    homes = np.unique(register.dwelt.rows(register.people.household, register.last_slot))
    text = register.dwelt.table[homes.tolist()].select(a=notation.written_address(pl.lit(0)))["a"]
    at = np.searchsorted(homes, register.dwelt.rows(register.people.household, register.last_slot))
    return text.gather(at)


def _household_numbers(plan: AuditPlan, block: int, count: int) -> Ints:
    index = plan.first_person(block) + np.arange(count, dtype=np.int64)
    return permute(index, key_of(plan.seed, "household"), _HOUSEHOLD_SPACE)


def _told(number: pl.Series, attribute: str, value: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"number": number, "value": value}).select(
        "number", pl.lit(attribute).alias("attribute"), "value"
    )


def _only(where: pl.Series, value: pl.Series) -> pl.Series:
    return value.zip_with(where, pl.repeat(None, len(value), dtype=pl.String, eager=True))


def _with_twins(people: People, share: float, chance: Chance) -> People:
    """Let the second child of some households be born with the first, so that births have `share`."""
    child = people.role == Role.CHILD
    second = np.flatnonzero(
        child[1:] & child[:-1] & (people.household[1:] == people.household[:-1])
    )
    second = second[np.diff(people.household[second], prepend=-1) != 0] + 1
    wanted = share / (1 + share) * int(child.sum())
    missing = wanted / max(len(second), 1) - _TWINS_ALREADY
    made = second[chance.flag(len(second), min(max(missing, 0.0), 1.0))]
    born, sex = people.born.copy(), people.sex.copy()
    born[made] = born[made - 1]
    same = made[chance.flag(len(made), _SAME_SEX_TWINS)]
    sex[same] = sex[same - 1]
    return attrs.evolve(people, born=born, sex=sex)


def _alike_names(people: People, named: pl.DataFrame, twins: Ints, chance: Chance) -> pl.DataFrame:
    """Give some brothers and sisters names that begin alike, and some sons the father's reading."""
    together = people.household[1:] == people.household[:-1]
    child = people.role == Role.CHILD
    siblings = np.flatnonzero(together & child[1:] & child[:-1])
    share = np.where(np.isin(siblings, twins[:, 0]), _LIKE_NAMES["twins"], _LIKE_NAMES["siblings"])
    siblings = siblings[chance.flag(len(siblings), share)]
    named = alike(named, people.sex, siblings, siblings + 1, "head", chance)
    heads = np.flatnonzero(people.place == 0)[people.household]
    son = (people.sex == MALE) & child & (people.sex[heads] == MALE)
    sons = np.flatnonzero(son & chance.flag(len(people), _LIKE_NAMES["father"]))
    return alike(named, people.sex, heads[sons], sons, "kana", chance)


def _numbers(plan: AuditPlan, block: int, chance: Chance) -> tuple[Ints, Ints]:
    """Return each person's number, and the pairs whose numbers are one unnoticed slip apart."""
    count = plan.people_in(block)
    index = plan.first_person(block) + np.arange(count, dtype=np.int64)
    number = individual_numbers(plan.seed, index)
    wanted = 4 * plan.quota(plan.planting.one_digit, block) + 4
    # One number in about six has such a neighbour.
    chosen = np.unique(chance.below(min(16 * wanted, count), count))
    near = slipped(number[chosen], chance, seed=plan.seed, people=plan.people)
    _, once = np.unique(near, return_index=True)
    found = np.sort(once[near[once] >= 0])[:wanted]
    first, near = chosen[found], near[found]
    others = np.setdiff1d(chance.below(4 * len(first) + 8, count), first)[: len(first)]
    first, near = first[: len(others)], near[: len(others)]
    number[others] = near
    return number, np.stack([first, others], axis=1)


def _no_days(plan: AuditPlan, count: int, known: tuple[Ints, ...], chance: Chance) -> Flags:
    """Return whose day of birth the register does not know; of pairs, which share one, it does."""
    unknown = chance.flag(count, plan.unknown_days)
    for pairs in known:
        unknown[pairs.reshape(-1)] = False
    return unknown


def _standing(plan: AuditPlan, block: int, people: People, chance: Chance) -> Ints:
    """Return indexes into `STANDINGS`; exactly as many are gone as have no row, and a few more."""
    count = len(people)
    gone = count - plan.links_in(block) + int(plan.links_in(block) * _DEAD_WITH_A_ROW)
    age: Floats = (plan.today - people.born) / YEAR
    weight = np.interp(age, [0, 50, 70, 90], [0.2, 1.0, 8.0, 60.0])
    order = np.argsort(-np.log(1 - chance.unit(count)) / weight)[:gone]
    standing = chance.flag(count, _MOVING).astype(np.int64)
    standing[order] = np.where(age[order] > 60, 3, 2)  # noqa: PLR2004 - the older ones died
    return standing
