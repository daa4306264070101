"""Events and the state they lead to: each event names what it sets, and replaying them is the state.

A field that an event leaves alone is null in its row; a field that is empty is empty text.
"""

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.world.dwellings import Dwellings
from kumihimo.world.families import NEVER, People, Role
from kumihimo.world.lives import MOVES_MAX, Lives, Moves
from kumihimo.world.streams import Chance, Flags, Ints, individual_numbers, resident_codes

# The order decides between events of one day.
KINDS: Final = (
    "birth", "first-record", "foreign-entry", "move-out", "move-in", "move-within", "marriage",
    "former-surname", "alias", "correction", "number-change", "code-change", "protection",
    "protection-end", "abroad-out", "abroad-back", "death",
)  # fmt: skip
STATE: Final = (
    "household", "relation", "standing", "surname", "surname_kana", "given", "given_kana", "kanji",
    "alias", "alias_kana", "former_surname", "former_surname_kana", "sex", "birth_date",
    "nationality", "municipality", "postal_code", "address", "resident_code", "individual_number",
    "protected",
)  # fmt: skip
STANDINGS: Final = ("resident", "moving", "abroad", "dead")
PEOPLE_MAX: Final = 200_000_000  # our choice: more than the country has, well below the spaces
_RELATIONS: Final = {(Role.HEAD, 1): "世帯主", (Role.HEAD, 2): "世帯主", (Role.SPOUSE, 1): "夫",
    (Role.SPOUSE, 2): "妻", (Role.CHILD, 1): "子", (Role.CHILD, 2): "子", (Role.PARENT, 1): "父",
    (Role.PARENT, 2): "母"}  # fmt: skip
_BEFORE_MARRIAGE: Final = "同居人"


@attrs.frozen(eq=False)
class Block:
    """Everything drawn for a block of people, before it is told as events."""

    first: int  # world-wide index of the first person, and of the first household
    seed: int
    people: People
    lives: Lives
    moved: Moves
    homes: Dwellings
    addresses: pl.DataFrame  # municipality, postal_code, address per dwelling row
    names: pl.DataFrame

    @property
    def person(self) -> Ints:
        """World-wide index of each person."""
        return self.first + np.arange(len(self.people), dtype=np.int64)


def replay(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row per person with the state that the events lead to, by person."""
    last = [pl.col(field).drop_nulls().last() for field in STATE]
    ordered = events.sort("person", "seq")
    return ordered.group_by("person", maintain_order=True).agg(last)


def present(block: Block) -> pl.DataFrame:
    """Return the state of today, one row per person: `person` and the fields of `STATE`."""
    own, lives = block.names, block.lives
    count = len(block.people)
    alias, former = lives.alias != NEVER, lives.former != NEVER
    standing = np.where(lives.died != NEVER, 3, 0)
    standing = np.where((lives.left != NEVER) & (lives.back == NEVER), 2, standing)
    at = block.homes.rows(block.people.household, lives.slot_last)
    state = {
        "person": pl.Series(block.person),
        "household": pl.Series(block.first + block.people.household),
        "relation": _relations(block.people),
        "standing": pl.Series(STANDINGS).gather(standing),
        **{c: own[c] for c in ("surname", "surname_kana", "given", "given_kana", "kanji")},
        "alias": _where(alias, own["alias"]),
        "alias_kana": _where(alias, own["alias_kana"]),
        "former_surname": _where(former, own["former"]),
        "former_surname_kana": _where(former, own["former_kana"]),
        "sex": pl.Series(block.people.sex).cast(pl.String),
        "birth_date": _dates(block.people.born),
        "nationality": own["nationality"],
        **block.addresses[at.tolist()].to_dict(),
        "resident_code": _digits(resident_codes(block.seed, block.person), 11),
        "individual_number": _digits(individual_numbers(block.seed, block.person), 12),
        "protected": pl.Series((lives.protected != NEVER) & (lives.released == NEVER)),
    }
    assert all(len(column) == count for column in state.values())
    return pl.DataFrame(state).select("person", *STATE)


def events(block: Block, today: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Return person, seq (1 ...), effective_date, kind, office and the fields of `STATE`.

    `office` is the municipality that made the entry: the one of residence at that moment.
    """
    parts = [_beginnings(block, today, chance), *_moves(block), *_changes(block, today)]
    told = pl.concat(parts, how="diagonal").sort("person", "day", "rank")
    return told.select(
        "person",
        seq=pl.int_range(1, pl.len() + 1).over("person"),
        effective_date=pl.col("day").cast(pl.Int32).cast(pl.Date),
        kind=pl.lit(pl.Series(KINDS)).gather("rank"),
        office=pl.col("municipality").forward_fill().over("person"),
        **{field: pl.col(field) for field in STATE},
    )


def _beginnings(block: Block, today: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Return the first entries: each carries the whole state, as it was then."""
    lives, own, count = block.lives, block.names, len(block.people)
    wed = lives.married != NEVER
    at = block.homes.rows(block.people.household, lives.slot_first)
    misread = own["given_kana"].shift(1).fill_null("カオル")
    wrong_day = block.people.born - 1 - chance.below(count, 300)
    later = PEOPLE_MAX + block.person
    kind = np.where(lives.born_here, 0, np.where(lives.entered, 2, 1))
    empty = pl.repeat("", count, eager=True)
    return today.with_columns(
        day=pl.Series(lives.starts),
        rank=pl.Series(kind),
        relation=_choose(wed, pl.repeat(_BEFORE_MARRIAGE, count, eager=True), today["relation"]),
        standing=pl.lit("resident"),
        surname=_choose(wed, own["former"], today["surname"]),
        surname_kana=_choose(wed, own["former_kana"], today["surname_kana"]),
        given_kana=_choose(lives.kana != NEVER, misread, today["given_kana"]),
        birth_date=_choose(lives.birth != NEVER, _dates(wrong_day), today["birth_date"]),
        **dict.fromkeys(("alias", "alias_kana", "former_surname", "former_surname_kana"), empty),
        **block.addresses[at.tolist()].to_dict(),
        individual_number=_choose(
            lives.number != NEVER,
            _digits(individual_numbers(block.seed, later), 12),
            today["individual_number"],
        ),
        resident_code=_choose(
            lives.code != NEVER,
            _digits(resident_codes(block.seed, later), 11),
            today["resident_code"],
        ),
        protected=pl.lit(value=False),
    )


def _moves(block: Block) -> list[pl.DataFrame]:
    lives, household = block.lives, block.people.household
    parts: list[pl.DataFrame] = []
    for n in range(MOVES_MAX):
        mine = (lives.slot_first <= n) & (lives.slot_last > n)
        within = block.moved.within[household, n]
        out, into = block.moved.out[household, n], block.moved.into[household, n]
        at = block.homes.rows(household, np.full(len(household), n + 1, dtype=np.int64))
        leaves = mine & ~within
        parts.append(_told(block, "move-out", leaves, out, {"standing": "moving"}))
        for kind, rows in (("move-in", leaves), ("move-within", mine & within)):
            new = block.addresses[at[rows].tolist()]
            standing = {"standing": "resident"} if kind == "move-in" else {}
            parts.append(_told(block, kind, rows, into, standing | new.to_dict()))
    return parts


def _changes(block: Block, today: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the events that set fields to what they are today."""
    lives = block.lives

    def to_today(kind: str, day: Ints, *fields: str) -> pl.DataFrame:
        happens = day != NEVER
        rows = np.flatnonzero(happens).tolist()
        return _told(block, kind, happens, day, {f: today[f].gather(rows) for f in fields})

    def to(kind: str, day: Ints, **fields: object) -> pl.DataFrame:
        return _told(block, kind, day != NEVER, day, fields)

    return [
        to_today("marriage", lives.married, "surname", "surname_kana", "relation"),
        to_today("former-surname", lives.former, "former_surname", "former_surname_kana"),
        to_today("alias", lives.alias, "alias", "alias_kana"),
        to_today("correction", lives.kana, "given_kana"),
        to_today("correction", lives.birth, "birth_date"),
        to_today("number-change", lives.number, "individual_number"),
        to_today("code-change", lives.code, "resident_code"),
        to("protection", lives.protected, protected=True),
        to("protection-end", lives.released, protected=False),
        to("abroad-out", lives.left, standing="abroad"),
        to("abroad-back", lives.back, standing="resident"),
        to("death", lives.died, standing="dead"),
    ]


def _told(
    block: Block, kind: str, happens: Flags, day: Ints, fields: Mapping[str, object]
) -> pl.DataFrame:
    rows = np.flatnonzero(happens)
    frame = pl.DataFrame({"person": block.person[rows], "day": day[rows]})
    columns = {
        name: value if isinstance(value, pl.Series) else pl.lit(value)
        for name, value in fields.items()
    }
    return frame.with_columns(rank=pl.lit(KINDS.index(kind), dtype=pl.Int64), **columns)


def _relations(people: People) -> pl.Series:
    words = list(dict.fromkeys(_RELATIONS.values()))
    index = np.zeros(len(people), dtype=np.int64)
    for (role, sex), word in _RELATIONS.items():
        index[(people.role == role) & (people.sex == sex)] = words.index(word)
    return pl.Series(words).gather(index)


def _dates(days: Ints) -> pl.Series:
    return pl.Series(days).cast(pl.Int32).cast(pl.Date)


def _digits(numbers: Ints, length: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(length)


def _where(condition: Flags, then: pl.Series) -> pl.Series:
    return _choose(condition, then, pl.repeat("", len(then), eager=True))


def _choose(condition: Flags, then: pl.Series, otherwise: pl.Series) -> pl.Series:
    return then.zip_with(pl.Series(condition), otherwise)
