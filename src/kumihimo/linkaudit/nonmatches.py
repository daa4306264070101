"""How mis-links of each mechanism look, read off the register itself.

A row that fits its person is laid beside another one: a member of the household, the twin, a
namesake of the same birth date, anybody. What `evidence` says of such pairs is how that mechanism
looks among this institution's rows, with its ways of writing and its stale addresses.
"""

from typing import Final

import attrs
import numpy as np
import polars as pl
from numpy.typing import NDArray

from kumihimo.linkaudit.canonical import INDEX, Hasher
from kumihimo.linkaudit.evidence import among, judge
from kumihimo.linkaudit.homonyms import Doubles, Keys, of_person
from kumihimo.linkaudit.homonyms import among as among_keys
from kumihimo.linkaudit.patterns import CASES_MAX, cases, decode
from kumihimo.linkaudit.residual import OUTCOMES, resolve
from kumihimo.linkaudit.schema import Mechanism, Outcome
from kumihimo.people.birth_levels import BirthLevel
from kumihimo.people.levels import SAME_NAME

# Persons sampled for each mechanism: their pairs tell a level that occurs once in a thousand
# with an error of a third.
SAMPLE: Final = 8_000
# A sampled pair is the row of the one and the number of the other.
OTHERS: Final = (Mechanism.HOUSEHOLD, Mechanism.TWIN, Mechanism.HOMONYM, Mechanism.RANDOM)
_ANOTHER: Final = (Outcome.HOUSEHOLD, Outcome.TWIN, Outcome.HOMONYM, Outcome.ELSEWHERE)
_HOME_MAX: Final = 30  # with more people an address is a facility and no household: our choice
_MIX: Final = np.uint64(0x94D049BB133111EB)
_SHIFT: Final = np.uint64(32)
_RANGE: Final = 1 << 32

Counts = dict[Mechanism, NDArray[np.int64]]


@attrs.frozen
class Shares:
    """Which share of the persons is sampled for each mechanism, 0 to 1."""

    places: float
    twins: float
    namesakes: float

    @classmethod
    def of(cls, persons: int, doubles: Doubles) -> "Shares":
        """Return the shares that give about `SAMPLE` persons each."""
        return cls.counted(persons, len(doubles.twins), len(doubles.name) + len(doubles.kana))

    @classmethod
    def counted(cls, persons: int, twins: int, namesakes: int) -> "Shares":
        """Return these shares from the numbers of persons and of keys that two have."""
        return cls(*(min(1.0, SAMPLE / max(1, n)) for n in (persons, twins, namesakes)))


def sampled(index: pl.DataFrame, doubles: Doubles, shares: Shares) -> NDArray[np.bool_]:
    """Say which persons of an `INDEX` to sample: whole households, all twins and namesakes of one.

    Chosen by hash, so that every run on the same data chooses the same.
    """
    chosen = _by_hash(index["place"].to_numpy(), shares.places)
    twins = of_person(index["place"], index["day"])
    chosen |= among_keys(twins, doubles.twins) & _by_hash(twins, shares.twins)
    for name, known in (("name_hash", doubles.name), ("kana_hash", doubles.kana)):
        keys = of_person(index[name], index["day"])
        chosen |= among_keys(keys, known) & _by_hash(keys, shares.namesakes)
    return chosen


def _by_hash(keys: Keys, share: float) -> NDArray[np.bool_]:
    return ((keys * _MIX) >> _SHIFT < np.uint64(int(share * _RANGE))) & (keys != 0)


def own_rows(rows: pl.DataFrame, evidence: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """Return the `ROWS` of the sampled persons that fit them by name and birth date."""
    codes = decode(evidence["pattern"].to_numpy())
    names = among(codes["name"], *SAME_NAME) | among(codes["kana"], *SAME_NAME)
    fits = pl.Series(names & among(codes["birth"], BirthLevel.EQUAL))
    return rows.filter(fits & rows["number"].is_in(persons["number"].implode()))


def measure(
    rows: pl.DataFrame,
    persons: pl.DataFrame,
    doubles: Doubles,
    history: pl.DataFrame,
    hasher: Hasher,
    holder: str = "",
) -> Counts:
    """Return how often each case occurs among sampled pairs of each mechanism, by case.

    A row of which the search says that somebody else fits better is laid beside nobody: it may be a
    namesake's with the person's number, and beside the namesake it would look like a match.
    """

    def judged(some: pl.DataFrame) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        numbered = some.with_columns(pl.int_range(pl.len()).alias("row"))
        found = judge(numbered, persons, doubles, history, hasher, holder)
        outcomes = np.full(len(numbered), OUTCOMES.index(Outcome.NONE), np.uint8)
        residual = resolve(found.clues, index)
        outcomes[residual["row"].to_numpy()] = residual["outcome"].to_numpy()
        return found.evidence["pattern"].to_numpy(), outcomes

    index = persons.select(list(INDEX))
    _, outcomes = judged(rows)
    own = rows.filter(~pl.Series(np.isin(outcomes, [OUTCOMES.index(one) for one in _ANOTHER])))
    # A person stands in several pairs: each pair is a row of its own here.
    crossed = [
        own.drop("number").join(pairs, on="row").select(own.columns)
        for pairs in _pairs(own, persons).values()
    ]
    found = cases(*judged(pl.concat(crossed)))
    ends = np.cumsum([len(pairs) for pairs in crossed])
    return {
        mechanism: np.bincount(some, minlength=CASES_MAX).astype(np.int64)
        for mechanism, some in zip(OTHERS, np.split(found, ends[:-1]), strict=True)
    }


def _pairs(rows: pl.DataFrame, persons: pl.DataFrame) -> dict[Mechanism, pl.DataFrame]:
    """Return row and another's number, by mechanism."""
    index = persons.select("number", "day", "place", "name_hash", "kana_hash")
    own = rows.select("row", "number").join(index, on="number")
    other = index.rename({"number": "x", "day": "x_day", "place": "x_place"})
    homes = own.filter(pl.col("place") != 0).join(
        other.filter(pl.len().over("x_place") <= _HOME_MAX).select("x", "x_day", "x_place"),
        left_on="place",
        right_on="x_place",
    )
    same_day = pl.col("day") == pl.col("x_day")
    namesakes = pl.concat(
        own.filter(pl.col(name) != 0)
        .join(
            other.select("x", name, "x_day", "x_place"),
            left_on=[name, "day"],
            right_on=[name, "x_day"],
        )
        .filter(pl.col("place") != pl.col("x_place"))
        .select("row", "number", "x")
        for name in ("name_hash", "kana_hash")
    ).unique()
    mixed = own.with_columns(pl.Series("mix", own["number"].to_numpy().astype(np.uint64) * _MIX))
    anybody = mixed.sort("mix", "row").with_columns(x=pl.col("number").shift(1)).drop_nulls("x")
    found = {
        Mechanism.HOUSEHOLD: homes.filter(~same_day),
        Mechanism.TWIN: homes.filter(same_day),
        Mechanism.HOMONYM: namesakes,
        Mechanism.RANDOM: anybody,
    }
    differs = pl.col("x") != pl.col("number")
    return {
        mechanism: pairs.filter(differs).select("row", number="x").sort("row", "number")
        for mechanism, pairs in found.items()
    }
