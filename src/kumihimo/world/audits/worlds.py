"""Audit worlds as tables and as a folder: `register`, `history`, `rows`, and the `truth` apart.

The first three are what an audit is given; `truth` names the rows that carry another person's
number, and `written` what each row writes otherwise than the register. Numbers are of the test
space and can belong to nobody.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl

from kumihimo.linkaudit.schema import ROWS
from kumihimo.world import reference
from kumihimo.world.audits.mislinks import plant
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.register import (
    STANDINGS,
    Register,
    history,
    numerals,
    register_of,
    snapshot,
)
from kumihimo.world.audits.writing import WRITTEN, write_rows
from kumihimo.world.dwellings import Towns, towns_of
from kumihimo.world.notation import bank_holder
from kumihimo.world.streams import Chance, Ints, key_of, permute, stream

TABLES: Final = ("register", "history", "rows", "truth", "written")
MANIFEST: Final = "audit-world.json"
AFFAIRS: Final = (
    ("medical-insurance", 0.7),
    ("pension", 0.2),
    ("disability-handbook", 0.1),
)  # and their shares of the rows: our choice
TRUTH: Final = {
    "row": pl.Int64,
    "record_id": pl.String,
    "true_number": pl.String,
    "held_number": pl.String,
    "mechanism": pl.String,
    "kind": pl.String,
}
_HOUSEHOLD_SPACE: Final = (100_000, 100_000)
_ACCOUNT_SPACE: Final = (10_000_000, 100_000)
Progress = Callable[[int], None]


def blocks(plan: AuditPlan) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the tables of `TABLES` of one block after another; the same plan, the same bytes."""
    for block in range(plan.blocks):
        yield make_block(plan, block, all_towns())


def make_world(plan: AuditPlan) -> dict[str, pl.DataFrame]:
    """Return the tables of a world that fits in memory; `register` is in order of number."""
    made = list(blocks(plan))
    tables = {name: pl.concat([one[name] for one in made]) for name in TABLES}
    tables["register"] = tables["register"].sort("number")
    return tables


def make_block(plan: AuditPlan, block: int, towns: Towns) -> dict[str, pl.DataFrame]:
    """Return the tables of one block."""
    register = register_of(plan, block, towns)
    person = _with_rows(register, plan, block)
    planted = plant(register, person, plan, block, stream(plan.seed, "audit", block, "mislinks"))
    chance = stream(plan.seed, "audit", block, "writing")
    undated = stream(plan.seed, "audit", block, "undated")
    written = write_rows(register, person, plan, chance, undated)
    index = plan.first_row(block) + np.arange(len(person), dtype=np.int64)
    # The office's own number for the household: it joins to nothing outside its file.
    own = permute(register.household[person], key_of(plan.seed, "office"), _HOUSEHOLD_SPACE)
    accounts = _accounts(register, person, plan, block, chance)
    frame = pl.DataFrame(
        {
            "row": index + 1,
            "record_id": numerals(index, 10),
            "number": numerals(planted.number),
            "household": numerals(own, 10),
            "account": accounts["account"],
            "holder": accounts["holder"],
            "affair": pl.Series([name for name, _ in AFFAIRS]).gather(
                chance.pick(len(person), [share for _, share in AFFAIRS])
            ),
            **{c: written[c] for c in ("name", "kana", "birth", "sex", "address")},
        }
    )
    wrong = np.flatnonzero((planted.mechanism != "").to_numpy())
    truth = pl.DataFrame(
        {
            "row": index[wrong] + 1,
            "record_id": numerals(index[wrong], 10),
            "true_number": numerals(register.number[person[wrong]]),
            "held_number": numerals(planted.number[wrong]),
            "mechanism": planted.mechanism.gather(wrong),
            "kind": planted.kind.gather(wrong),
        }
    )
    kept = stream(plan.seed, "audit", block, "history").flag(
        len(register.people), plan.history_kept
    )
    return {
        "register": snapshot(register),
        "history": history(register, kept),
        "rows": frame.select(*ROWS),
        "truth": truth,
        "written": written.select(pl.Series("row", index + 1), *WRITTEN, account=accounts["whose"]),
    }


def write_audit_world(
    plan: AuditPlan,
    out: Path,
    *,
    form: str = "parquet",
    workers: int = 1,
    progress: Progress | None = None,
) -> None:
    """Write a world block by block into an absent or empty folder, in memory that does not grow.

    Parquet: `<table>/part-00000.parquet` and on, by as many processes as `workers`. CSV:
    `<table>.csv`, by one. `progress` is told how many rows are done.
    """
    for name in TABLES if form == "parquet" else ():
        (out / name).mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = dict.fromkeys(TABLES, 0)
    for counts in _written(plan, out, form, workers):
        rows = {name: rows[name] + counts[name] for name in TABLES}
        if progress is not None:
            progress(rows["rows"])
    manifest = {"version": 1, "number_space": "test", "seed": plan.seed, "rows": rows}
    (out / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def _written(plan: AuditPlan, out: Path, form: str, workers: int) -> Iterator[dict[str, int]]:
    """Write each block; yield how many rows of each table it had."""
    if form != "parquet":
        for block, tables in enumerate(blocks(plan)):
            for name, table in tables.items():
                with (out / f"{name}.csv").open("ab") as file:
                    table.write_csv(file, include_header=block == 0)
            yield {name: len(table) for name, table in tables.items()}
        return
    work = [(plan, block, out) for block in range(plan.blocks)]
    if workers == 1 or plan.blocks == 1:
        yield from map(_write_block, work)
        return
    fresh = multiprocessing.get_context("spawn")  # Polars' threads do not live through a fork
    with ProcessPoolExecutor(workers, mp_context=fresh) as pool:
        yield from pool.map(_write_block, work)


def _write_block(work: tuple[AuditPlan, int, Path]) -> dict[str, int]:
    plan, block, out = work
    tables = make_block(plan, block, all_towns())
    for name, table in tables.items():
        write_part(table, out / name / f"part-{block:05}.parquet")
    return {name: len(table) for name, table in tables.items()}


def write_part(table: pl.DataFrame, place: Path) -> None:
    """Write a part of a table, as one program of an office does each time."""
    table.write_parquet(place, compression="zstd", compression_level=1)


@cache
def all_towns() -> Towns:
    """Return the towns of every municipality of the country."""
    return towns_of(reference.municipalities()["code"].to_list())


def _with_rows(register: Register, plan: AuditPlan, block: int) -> Ints:
    """Return the people who have a row: all who live here, and the dead that nobody told of."""
    here = register.standing < STANDINGS.index("abroad")
    gone = np.flatnonzero(~here)
    missing = plan.links_in(block) - int(here.sum())
    assert 0 <= missing <= len(gone), "as many rows as the plan says"
    return np.sort(np.concatenate([np.flatnonzero(here), gone[:missing]]))


def _accounts(
    register: Register, person: Ints, plan: AuditPlan, block: int, chance: Chance
) -> pl.DataFrame:
    """Return `account` (bank, branch, kind, number), its `holder`, and `whose` it is.

    One child in some families has its parent's account, and a few people have a stranger's.
    """
    owner = person.copy()
    family = (register.people.place[person] > 1) & chance.flag(len(person), plan.family_accounts)
    owner[family] -= register.people.place[person][family]
    more = stream(plan.seed, "audit", block, "accounts")
    others = ~family & more.flag(len(person), plan.others_accounts)
    owner[others] = person[more.below(int(others.sum()), len(person))]
    made = permute(plan.first_person(block) + owner, key_of(plan.seed, "account"), _ACCOUNT_SPACE)
    bank, rest = np.divmod(made, 10**10)
    reading = pl.concat_str("surname_kana", pl.lit("　"), "given_kana")
    words = pl.when(pl.Series(family)).then(pl.lit("family"))
    words = words.when(pl.Series(others & (owner != person))).then(pl.lit("other"))
    return register.names[owner.tolist()].select(
        account=pl.Series(bank + 1).cast(pl.String).str.zfill(4) + "-" + _split(rest),
        holder=bank_holder(reading),
        whose=words.otherwise(pl.lit("own")),
    )


def _split(rest: Ints) -> pl.Series:
    branch, number = np.divmod(rest, 10**7)
    digits = pl.Series(number).cast(pl.String).str.zfill(7)
    return pl.Series(branch).cast(pl.String).str.zfill(3) + "-1-" + digits
