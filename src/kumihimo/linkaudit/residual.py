"""The search for the true person of a row that does not fit the person it is tied to.

Who fits better is looked for in the linked person's household, and in the whole register by name
or reading with birth date (three of four attributes) or with address. What is found is a proposal
to a person, never a link.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.canonical import INDEX
from kumihimo.linkaudit.evidence import PLACES_AGREE
from kumihimo.linkaudit.evidence import among as among_levels
from kumihimo.linkaudit.homonyms import (
    Keys,
    Known,
    among,
    at_place,
    day_part,
    each_once,
    of_person,
    place_part,
)
from kumihimo.linkaudit.patterns import decode
from kumihimo.linkaudit.schema import Outcome
from kumihimo.people.birth_levels import BirthLevel
from kumihimo.people.levels import SAME_NAME, NameLevel

OUTCOMES: Final = tuple(Outcome)

# One line for each of `CLUES`. `true_number` (persons) is who fits, null where several fit alike.
RESIDUAL: Final = {"row": pl.Int64, "outcome": pl.UInt8, "true_number": pl.Int64}

# At an address with more people nobody is looked for one by one: who has the row's name is found all
# the same, and nobody is told to be the only one of a birth date there. Our choice.
CROWD_MAX: Final = 200
_FEW: Final = 1 << 19  # keys
_NEAR: Final = 1 << 14  # persons whose keys stay in a processor's cache

_KANJI, _KANA, _BIRTH, _PLACE, _SEX = 2, 1, 3, 2, 1  # ranks who fits; makes no link


@attrs.frozen
class Wanted:
    """Keys of the persons that some clues ask for."""

    persons: Keys  # name or reading, and birth date
    dwellers: Keys  # name or reading, and place
    places: Keys
    households: Keys


def wanted(clues: pl.DataFrame) -> Wanted:
    """Return the keys of everybody whom `CLUES` may be about."""
    hashes = ("name_hash", "kana_hash")
    persons = [of_person(clues[x], clues["day"]) for x in hashes]
    dwellers = [at_place(clues[x].to_numpy(), clues["place"]) for x in hashes]
    return Wanted(
        each_once(np.concatenate(persons)),
        each_once(np.concatenate(dwellers)),
        each_once(clues["held_place"].to_numpy()),
        each_once(clues["held_household"].to_numpy()),
    )


def candidates(parts: Iterable[Mapping[str, NDArray[Any]]], asked: Wanted) -> pl.DataFrame:
    """Return the persons of an `INDEX`, in parts, that are asked for."""
    keys = {field.name: getattr(asked, field.name) for field in attrs.fields(Wanted)}
    if any(len(some) > _FEW for some in keys.values()):
        # To look for many takes long to make ready: all persons are asked about at once.
        tables = (pl.DataFrame(part, schema=INDEX) for part in parts)
        index = pl.concat([pl.DataFrame(schema=INDEX), *tables])
        found = np.zeros(len(index), bool)
        for kind, mine in answering(index):
            found |= among(mine, keys[kind])
        return index.filter(pl.Series(found))
    known = {kind: Known.of(some) for kind, some in keys.items()}
    few = [pl.DataFrame(schema=INDEX)]
    for part in parts:
        lines = _perhaps(part, known)
        index = pl.DataFrame({name: part[name][lines] for name in INDEX}, schema=INDEX)
        found = np.zeros(len(index), bool)
        for kind, mine in answering(index):
            found |= known[kind].among(mine)
        few.append(index.filter(pl.Series(found)))
    return pl.concat(few)


def _perhaps(index: Mapping[str, NDArray[Any]], known: Mapping[str, Known]) -> NDArray[np.int64]:
    """Return the lines of an `INDEX` that may be asked for, and few others.

    Not looked at is what has no key, and of those that begin as one, which it is.
    """
    found = [np.empty(0, np.int64)]
    for first in range(0, len(index["number"]), _NEAR):
        some = slice(first, first + _NEAR)
        names, place = (index["name_hash"][some], index["kana_hash"][some]), index["place"][some]
        born, there = day_part(index["day"][some]), place_part(place)
        perhaps = known["places"].perhaps(place)
        perhaps |= known["households"].perhaps(index["household_hash"][some])
        for name in names:
            perhaps |= known["persons"].perhaps(name + born)
            perhaps |= known["dwellers"].perhaps(name + there)
        found.append(first + np.flatnonzero(perhaps))
    return np.concatenate(found)


def answering(index: pl.DataFrame) -> list[tuple[str, Keys]]:
    """Return the keys by which each person of an `INDEX` is asked for, and the field of `Wanted`."""
    names = [index[name] for name in ("name_hash", "kana_hash")]
    return [
        *(("persons", of_person(name, index["day"])) for name in names),
        *(("dwellers", at_place(name.to_numpy(), index["place"])) for name in names),
        ("places", index["place"].to_numpy()),
        ("households", index["household_hash"].to_numpy()),
    ]


def resolve(clues: pl.DataFrame, index: pl.DataFrame) -> pl.DataFrame:
    """Return `RESIDUAL` for `CLUES`, from the `candidates` of the whole register."""
    crowded = index.filter(pl.len().over("place") > CROWD_MAX)["place"].unique().implode()
    pairs = _pairs(clues, index, crowded)
    alone = clues.select("row").join(
        pairs.filter((pl.col("x_day") == pl.col("held_day")) & pl.col("related")),
        on="row",
        how="anti",
    )
    counted = clues.filter((pl.col("held_place") != 0) & ~pl.col("held_place").is_in(crowded))
    alone = alone.join(counted.select("row"), on="row", how="semi")
    fits = _fitting(pairs)
    best = fits.sort("row", "score", "x_number", descending=[False, True, False]).group_by(
        "row", maintain_order=True
    )
    top = best.agg(
        pl.col("outcome").first(),
        pl.col("x_number").first(),
        tied=(pl.col("score") == pl.col("score").max()).sum() > 1,
    )
    number = pl.when(~pl.col("tied")).then(pl.col("x_number"))
    found = clues.select("row").join(top, on="row", how="left", maintain_order="left")
    else_alone = pl.when(pl.col("row").is_in(alone["row"].implode())).then(_code(Outcome.ALONE))
    return found.select(
        "row",
        outcome=pl.col("outcome")
        .fill_null(else_alone.otherwise(_code(Outcome.NONE)))
        .cast(pl.UInt8),
        true_number=pl.when(pl.col("outcome") != _code(Outcome.CONTESTED)).then(number),
    )


def _code(outcome: Outcome) -> int:
    return OUTCOMES.index(outcome)


def _pairs(clues: pl.DataFrame, index: pl.DataFrame, crowded: pl.Series) -> pl.DataFrame:
    """Return each clue beside each person that it asks for, but the linked one."""
    persons = index.select(pl.all().name.prefix("x_"))
    joins: list[pl.DataFrame] = []
    for left, right in (
        (("name_hash", "day"), ("x_name_hash", "x_day")),
        (("kana_hash", "day"), ("x_kana_hash", "x_day")),
        (("name_hash", "place"), ("x_name_hash", "x_place")),
        (("kana_hash", "place"), ("x_kana_hash", "x_place")),
        (("held_place",), ("x_place",)),
        (("held_household",), ("x_household_hash",)),
    ):
        known = clues.filter(pl.all_horizontal(pl.col(left) != 0))
        if left == ("held_place",):
            known = known.filter(~pl.col("held_place").is_in(crowded))
        joins.append(
            known.select("row", *left)
            .join(persons.select("x_number", *right), left_on=left, right_on=right)
            .select("row", "x_number")
        )
    pairs = pl.concat(joins).unique().join(clues, on="row").join(persons, on="x_number")
    place = pl.col("held_place") == pl.col("x_place")
    household = pl.col("held_household") == pl.col("x_household_hash")
    return pairs.filter(pl.col("x_number") != pl.col("number")).with_columns(
        related=(place & (pl.col("held_place") != 0))
        | (household & (pl.col("held_household") != 0))
    )


def _fitting(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return row, person, outcome and score of the pairs in which the person fits the row."""
    kanji, kana, day, place = (
        ((pairs[x] == pairs[f"x_{x}"]) & (pairs[x] != 0)).to_numpy()
        for x in ("name_hash", "kana_hash", "day", "place")
    )
    sex, held_sex = pairs["sex_code"].to_numpy(), pairs["x_sex_code"].to_numpy()
    sexes = (sex == held_sex) | (sex == 0) | (held_sex == 0)
    related = pairs["related"].to_numpy()
    name = kanji | kana
    linked = Linked.of(pairs["pattern"].to_numpy())
    fits = name & day & (sexes | place | related)
    # Who has married and moved keeps given name and birth date, and may have a namesake by then.
    renamed = linked.given & linked.birth & ~place & ~related
    better = (
        (fits & ~linked.name & ~renamed)
        | (related & ~linked.name & sexes & (name | day) & ~linked.birth)
        | (name & place & sexes & ~linked.name & ~linked.place)
        | (fits & kanji & linked.reading_only & (place | related | ~linked.place))
        | (fits & ~linked.birth & ~linked.place)
        | (fits & place & ~linked.place & (kanji | ~linked.kanji))
        | (fits & kanji & (place | related) & ~linked.birth)
    )
    twin = related & (pairs["held_day"] == pairs["x_day"]).to_numpy()
    namesake = linked.name & linked.birth
    outcome = np.select(
        [better & twin, better & related, better & namesake, better],
        [_code(x) for x in (Outcome.TWIN, Outcome.HOUSEHOLD, Outcome.HOMONYM, Outcome.ELSEWHERE)],
        _code(Outcome.CONTESTED),
    )
    score = kanji * _KANJI + kana * _KANA + day * _BIRTH + place * _PLACE + (sex == held_sex) * _SEX
    score = score + better * 100
    found = pairs.select("row", "x_number", outcome=pl.Series(outcome), score=pl.Series(score))
    return found.filter(pl.Series(better | fits))


@attrs.frozen
class Linked:
    """What of a row agrees with the person it is tied to."""

    name: NDArray[np.bool_]  # name or reading, whole
    kanji: NDArray[np.bool_]  # the name, with no character lost
    reading_only: NDArray[np.bool_]  # the reading does, the name in kanji does not
    given: NDArray[np.bool_]  # the given name alone, in either script
    birth: NDArray[np.bool_]
    place: NDArray[np.bool_]

    @classmethod
    def of(cls, patterns: NDArray[np.int32]) -> "Linked":
        """Read it off patterns."""
        codes = decode(patterns)
        kanji = among_levels(codes["name"], *SAME_NAME, NameLevel.WILDCARD)
        kana = among_levels(codes["kana"], *SAME_NAME)
        return cls(
            name=kanji | kana,
            kanji=among_levels(codes["name"], *SAME_NAME),
            reading_only=kana & ~kanji & ~among_levels(codes["name"], NameLevel.MISSING),
            given=among_levels(codes["name"], NameLevel.GIVEN)
            | among_levels(codes["kana"], NameLevel.GIVEN),
            birth=among_levels(codes["birth"], BirthLevel.EQUAL),
            place=among_levels(codes["address"], *PLACES_AGREE),
        )
