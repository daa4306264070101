"""A synthetic nation: made block by block, the same bytes for the same seed.

Numbers are of the test space and can belong to nobody. Every frequency is our choice.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final, Self, TypeAlias

import attrs
import polars as pl

from kumihimo.world import notation
from kumihimo.world.dwellings import dwellings, towns_of
from kumihimo.world.families import families
from kumihimo.world.histories import Block, events, present
from kumihimo.world.institutions import institutions
from kumihimo.world.lives import lives, moves
from kumihimo.world.naming import names
from kumihimo.world.offices import OFFICE_TABLES, office_records
from kumihimo.world.plan import (
    DEFAULT_DAY,
    DEFAULT_MUNICIPALITIES,
    BadWorld,
    Plan,
    make_plan,
)
from kumihimo.world.storage import read_world, write_world
from kumihimo.world.streams import Chance, stream

Tables: TypeAlias = dict[str, pl.DataFrame]
Progress: TypeAlias = Callable[[int], None]

BLOCK_TABLES: Final = ("residents", "households", "events", *OFFICE_TABLES, "truth")
# Full-width brackets and underline, escaped because they pass for the narrow ones.
_FORMER_MARKS: Final = ("\uff3b", "\uff3d")
_SCRIPT_MARK: Final = "\uff3f"
FOREIGN_NAME: Final = pl.col("nationality") != "JPN"


@attrs.frozen(eq=False, kw_only=True)
class World:
    """A nation in memory. `tables` holds `institutions` and the tables of `BLOCK_TABLES`.

    - `residents`: one row per person on the register, also the dead and those abroad
      (`standing`): `person` (0 ...), the state (`histories.STATE`), `name`, `name_kana` and
      `name_written` as the register writes them.
    - `households`: `household`, `municipality`, `postal_code`, `address`, `members` living there.
    - `events`: `person`, `seq`, `effective_date`, `kind`, `office` and what it sets;
      `histories.replay(events)` is the state of `residents`.
    - `institutions`: `institution` (id), `kind`, `name`, `code`.
    - the tables of `offices.OFFICE_TABLES`: `institution`, `record_id` (the office's own number),
      the person as that office writes her, and the office's data.
    - `truth`: of each office record: `person`, how each attribute was written, `stale_address`,
      and `name_differs` where the name written is another name, not another notation.
    """

    plan: Plan
    tables: Mapping[str, pl.DataFrame] = attrs.field(repr=False)

    @classmethod
    def generate(
        cls,
        residents: int,
        seed: int,
        *,
        municipalities: int = DEFAULT_MUNICIPALITIES,
        on: date = DEFAULT_DAY,
    ) -> Self:
        """Make a world of this many people as of the day `on`. Raises `BadWorld`."""
        plan = make_plan(residents, seed, municipalities=municipalities, on=on)
        made = list(blocks(plan))
        tables = {name: pl.concat([one[name] for one in made]) for name in BLOCK_TABLES}
        return cls(plan=plan, tables={"institutions": institutions(list(plan.codes)), **tables})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a world that was written as Parquet. Raises `BadWorld`."""
        plan, tables = read_world(folder)
        return cls(plan=plan, tables=tables)

    @property
    def residents(self) -> pl.DataFrame:
        """The register's present state."""
        return self.tables["residents"]

    @property
    def households(self) -> pl.DataFrame:
        """The households of today."""
        return self.tables["households"]

    @property
    def events(self) -> pl.DataFrame:
        """What happened, in order of person and sequence."""
        return self.tables["events"]

    @property
    def institutions(self) -> pl.DataFrame:
        """The institutions of this world."""
        return self.tables["institutions"]

    @property
    def truth(self) -> pl.DataFrame:
        """Whose each office record is; no office has this."""
        return self.tables["truth"]

    def office(self, institution: str, table: str) -> pl.DataFrame:
        """Return one institution's records of a table (`OFFICE_TABLES`), as it would hand them in.

        Raises `BadWorld` for an unknown institution or table.
        """
        if table not in OFFICE_TABLES:
            raise BadWorld(f"the tables of offices are {', '.join(OFFICE_TABLES)}", pointer="table")
        if institution not in self.institutions["institution"]:
            raise BadWorld("this world has no such institution", pointer="institution")
        records = self.tables[table].filter(pl.col("institution") == institution)
        return records.drop("institution")

    def write(self, out: Path, *, form: str = "parquet", force: bool = False) -> None:
        """Write all tables to a folder, whole or not at all (`storage.write_world`)."""
        parts = ({name: self.tables[name] for name in BLOCK_TABLES} for _ in range(1))
        write_world(self.plan, self.institutions, parts, out, form=form, force=force)


def write_nation(
    plan: Plan,
    out: Path,
    *,
    form: str = "parquet",
    force: bool = False,
    progress: Progress | None = None,
) -> None:
    """Make a world and write it block by block, in memory that does not grow with it.

    `progress` is told how many people are done. Raises `BadWorld` and `CannotWrite`; a folder is
    whole or absent.
    """

    def told() -> Iterator[Tables]:
        done = 0
        for number, block in enumerate(blocks(plan)):
            yield block
            done += plan.people_in(number)
            if progress is not None:
                progress(done)

    write_world(plan, institutions(list(plan.codes)), told(), out, form=form, force=force)


def blocks(plan: Plan) -> Iterator[Tables]:
    """Yield the tables of `BLOCK_TABLES` for one block of people after another."""
    for number in range(plan.blocks):
        yield _tables(plan, _block(plan, number), number)


def _block(plan: Plan, number: int) -> Block:
    def chance(name: str) -> Chance:
        return stream(plan.seed, number, name)

    towns = towns_of(list(plan.codes))
    homes, people = families(plan.people_in(number), plan.today, chance("families"))
    moved, entry = moves(homes, plan.today, chance("moves"), elsewhere=len(plan.codes) > 1)
    dwelt = dwellings(homes, moved, towns, chance("dwellings"))
    addresses = dwelt.table.select(
        "municipality", "postal_code", address=notation.written_address(pl.lit(0))
    )
    return Block(
        first=plan.first_of(number),
        seed=plan.seed,
        people=people,
        lives=lives(homes, people, moved, entry, plan.today, chance("lives")),
        moved=moved,
        homes=dwelt,
        addresses=addresses,
        names=names(homes, people, chance("names")),
    )


def _tables(plan: Plan, block: Block, number: int) -> Tables:
    residents = _with_names(present(block))
    return {
        "residents": residents,
        "households": _households(residents),
        "events": events(block, present(block), stream(plan.seed, number, "events")),
        **office_records(block, residents, plan.on, stream(plan.seed, number, "offices")),
    }


def _with_names(state: pl.DataFrame) -> pl.DataFrame:
    """Add the names as written whole: 姓[旧氏] 名 and ALPHABET_漢字(通称), in full-width marks."""
    space = pl.when(FOREIGN_NAME).then(pl.lit(" ")).otherwise(pl.lit("　"))
    name = pl.concat_str("surname", space, "given")
    former = _wrapped("former_surname", *_FORMER_MARKS)
    japanese = pl.concat_str("surname", former, pl.lit("　"), "given")
    foreign = pl.concat_str(
        name, _wrapped("kanji", _SCRIPT_MARK, ""), _wrapped("alias", "（", "）")
    )
    return state.with_columns(
        name=name,
        name_kana=pl.concat_str("surname_kana", space, "given_kana"),
        name_written=pl.when(FOREIGN_NAME).then(foreign).otherwise(japanese),
    )


def _wrapped(column: str, before: str, after: str) -> pl.Expr:
    whole = pl.concat_str(pl.lit(before), column, pl.lit(after))
    return pl.when(pl.col(column) != "").then(whole).otherwise(pl.lit(""))


def _households(residents: pl.DataFrame) -> pl.DataFrame:
    living = pl.col("standing") == "resident"
    return (
        residents.filter(living)
        .group_by("household", maintain_order=True)
        .agg(
            pl.first("municipality", "postal_code", "address"),
            members=pl.len(),
        )
    )
