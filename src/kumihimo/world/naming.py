"""Names of the people of a block: by household, generation and nationality, with readings."""

from typing import Final

import numpy as np
import polars as pl

from kumihimo.world import reference
from kumihimo.world.families import FEMALE, MALE, YEAR, Households, People
from kumihimo.world.streams import Chance, Ints

_JAPAN: Final = "JPN"


def names(homes: Households, people: People, chance: Chance) -> pl.DataFrame:
    """Return one row per person: the present names, and those before a change.

    `surname`, `given` and their kana; `kanji` is the second script of a foreign name, `alias` a
    通称 (whether it is recorded is another matter), `former` the surname before marriage; empty
    text where there is none; `nationality` is ISO 3166 alpha-3.
    """
    family = reference.surnames()
    count, household = len(people), people.household
    surname = chance.pick(len(homes), family.weights)[household]
    before = chance.pick(count, family.weights)
    given, given_kana = _given(people, chance)
    table = pl.DataFrame(
        {
            "surname": family.kanji.gather(surname),
            "surname_kana": family.kana.gather(surname),
            "given": given,
            "given_kana": given_kana,
            "kanji": pl.repeat("", count, eager=True),
            "alias": pl.repeat("", count, eager=True),
            "alias_kana": pl.repeat("", count, eager=True),
            "former": family.kanji.gather(before),
            "former_kana": family.kana.gather(before),
            "nationality": pl.repeat(_JAPAN, count, eager=True),
        }
    )
    foreign = np.flatnonzero(homes.foreign[household])
    if not len(foreign):
        return table
    rows = _foreign(homes, people, foreign, table, chance)
    return table.with_row_index("row").update(rows, on="row").drop("row")


def _given(people: People, chance: Chance) -> tuple[pl.Series, pl.Series]:
    generations = np.asarray([_first_day(y) for y in reference.generations()])
    generation = np.searchsorted(generations, people.born, side="right").clip(1) - 1
    kanji: list[pl.Series] = []
    kana: list[pl.Series] = []
    index = np.zeros(len(people), dtype=np.int64)
    offset = 0
    for number, year in enumerate(reference.generations()):
        for sex in (MALE, FEMALE):
            pool = reference.given_names(year, sex)
            chosen = np.flatnonzero((generation == number) & (people.sex == sex))
            drawn = chance.pick(len(chosen), pool.weights)
            index[chosen] = drawn + offset
            offset += len(pool.kanji)
            kanji.append(pool.kanji)
            kana.append(pool.kana)
    whole = pl.concat(kanji)
    index = _unlike_the_family(index, people.household, whole)
    return whole.gather(index), pl.concat(kana).gather(index)


def _unlike_the_family(index: Ints, household: Ints, kanji: pl.Series) -> Ints:
    """Give whoever has the name of someone before her in the household the next one of the pool."""
    home = pl.DataFrame({"home": household, "name": kanji.gather(index)})
    again = ~home.select(pl.struct("home", "name").is_first_distinct()).to_series().to_numpy()
    # After the last name of a pool comes the first of another generation or sex. Pools end with
    # their least likely names, so that a family draws the last one twice about never.
    last = np.int64(len(kanji) - 1)
    return np.where(again, np.where(index < last, index + 1, index - 1), index)


def _first_day(year: int) -> int:
    return int((year - 1970) * YEAR)


def _foreign(
    homes: Households, people: People, rows: Ints, table: pl.DataFrame, chance: Chance
) -> pl.DataFrame:
    nations = reference.foreign_names()
    of_home = chance.pick(len(homes), [one.weight for one in nations])
    family_draw, given_draw = chance.unit(len(homes)), chance.unit(len(homes))
    home = people.household[rows]
    parts: list[pl.DataFrame] = []
    for number, nation in enumerate(nations):
        for sex, pool in ((MALE, nation.male), (FEMALE, nation.female)):
            mine = rows[(of_home[home] == number) & (people.sex[rows] == sex)]
            if not len(mine):
                continue
            at = (family_draw[people.household[mine]] * len(nation.family)).astype(np.int64)
            family = nation.family[at.tolist()]
            # By place in the household, so that two of one family are not called the same.
            draw = (given_draw[people.household[mine]] * len(pool)).astype(np.int64)
            given = pool[((draw + people.place[mine]) % len(pool)).tolist()]
            parts.append(_rows_of(mine, nation.nationality, family, given, table))
    return pl.concat(parts)


def _rows_of(
    rows: Ints, nationality: str, family: pl.DataFrame, given: pl.DataFrame, table: pl.DataFrame
) -> pl.DataFrame:
    own = table[rows.tolist()]
    second = pl.Series("kanji", family["kanji"] + given["kanji"])
    return pl.DataFrame(
        {
            "row": pl.Series(rows).cast(pl.get_index_type()),
            "surname": family["alphabet"],
            "surname_kana": family["kana"],
            "given": given["alphabet"],
            "given_kana": given["kana"],
            "kanji": second,
            # The 通称 is Japanese: the surname and given name that the person would have had.
            "alias": own["surname"] + "　" + own["given"],
            "alias_kana": own["surname_kana"] + "　" + own["given_kana"],
            "nationality": pl.repeat(nationality, len(rows), eager=True),
        }
    )
