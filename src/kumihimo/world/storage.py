"""A world on disk: a folder that is whole or absent, with a manifest `world.json`.

Parquet: `<table>/part-00000.parquet` and on, in order. CSV (UTF-8, header): `<table>.csv`, and
`offices/<institution>/<table>.csv` for what institutions would load.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from kumihimo.kernel.refusal import Refusal
from kumihimo.world.offices import OFFICE_TABLES
from kumihimo.world.plan import BadWorld, Plan

FORMS: Final = ("parquet", "csv")
MANIFEST: Final = "world.json"
TABLES: Final = frozenset(
    {"institutions", "residents", "households", "events", *OFFICE_TABLES, "truth"}
)
FORMAT_VERSION: Final = 1


class CannotWrite(Refusal):
    """The folder cannot be written, or holds something that is not a world."""

    code = "cannot-write"
    title = "The world could not be written; nothing was left behind"
    status = 409


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What `world.json` says. `number_space` is always `test`."""

    version: int
    residents: int
    seed: int
    on: date
    municipalities: tuple[str, ...]
    form: str
    number_space: str
    rows: dict[str, int]


def write_world(
    plan: Plan,
    institutions: pl.DataFrame,
    blocks: Iterable[Mapping[str, pl.DataFrame]],
    out: Path,
    *,
    form: str = "parquet",
    force: bool = False,
) -> None:
    """Write a world beside its place and then move it there.

    `force` replaces a folder that holds a world, never another. Raises `BadWorld` for an unknown
    form and `CannotWrite`.
    """
    if form not in FORMS:
        raise BadWorld(f"the form must be one of {', '.join(FORMS)}", pointer="form")
    out = Path(os.path.abspath(out))  # noqa: PTH100 - resolve() would follow a link at the end
    _may_be_written(out, force=force)
    missing = [folder for folder in out.parents if not folder.exists()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        _take_away(None, missing)
        raise CannotWrite(f"{out.parent}: {error.strerror}", pointer="out") from error
    try:
        made = workshop / "world"
        made.mkdir()
        rows = _fill(made, institutions, blocks, form)
        (made / MANIFEST).write_bytes(_manifest(plan, form, rows))
        _put_in_place(made, out, workshop)
    except (OSError, pl.exceptions.PolarsError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "the disk refused it"
        raise CannotWrite(f"{out}: {why}", pointer="out") from error
    finally:
        try:
            _take_away(workshop, missing)
        except KeyboardInterrupt:  # whoever presses Ctrl-C twice interrupts the first attempt
            _take_away(workshop, missing)
            raise


def read_world(folder: Path) -> tuple[Plan, dict[str, pl.DataFrame]]:
    """Return the plan and tables of a world written as Parquet. Raises `BadWorld`."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise BadWorld(f"{folder} holds no readable {MANIFEST}", pointer="folder") from error
    if manifest.version != FORMAT_VERSION or manifest.form != "parquet":
        raise BadWorld(
            f"only Parquet worlds of version {FORMAT_VERSION} can be read back", pointer="folder"
        )
    if manifest.rows.keys() != TABLES:
        raise BadWorld(f"{MANIFEST} must name the tables of a world and no other", pointer="rows")
    plan = Plan(
        residents=manifest.residents,
        seed=manifest.seed,
        codes=manifest.municipalities,
        on=manifest.on,
    )
    tables: dict[str, pl.DataFrame] = {}
    for name, rows in manifest.rows.items():
        tables[name] = _read_table(folder / name)
        if len(tables[name]) != rows:
            raise BadWorld(f"{name}: {rows} rows were written, {len(tables[name])} are there")
    return plan, tables


def _read_table(folder: Path) -> pl.DataFrame:
    parts = sorted(folder.glob("part-*.parquet"))
    if not parts:
        raise BadWorld(f"{folder.name}: no part is there", pointer="folder")
    try:
        return pl.concat([pl.read_parquet(part) for part in parts])
    except pl.exceptions.PolarsError as error:
        raise BadWorld(f"{folder.name}: not readable as Parquet", pointer="folder") from error


def _may_be_written(out: Path, *, force: bool) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise CannotWrite(f"{out} is not a folder", pointer="out")
    try:
        taken = out.exists() and any(out.iterdir())
    except OSError as error:
        raise CannotWrite(f"{out}: {error.strerror}", pointer="out") from error
    if out.exists() and out.samefile("."):
        # It is moved into place, which would leave whoever stands in it in a folder that is gone.
        raise CannotWrite("the folder you are in cannot be replaced; name another", pointer="out")
    if not taken:
        return
    if not force:
        raise CannotWrite(f"{out} is not empty; --force replaces a world", pointer="out")
    if not (out / MANIFEST).is_file():
        raise CannotWrite(f"{out} holds no {MANIFEST}, so it is not replaced", pointer="out")


def _take_away(workshop: Path | None, parents: Iterable[Path]) -> None:
    """Remove what a failure leaves: the workshop, and folders above it that are empty."""
    if workshop is not None:
        shutil.rmtree(workshop, ignore_errors=True)
    with suppress(OSError):
        for folder in parents:
            folder.rmdir()


def _fill(
    made: Path,
    institutions: pl.DataFrame,
    blocks: Iterable[Mapping[str, pl.DataFrame]],
    form: str,
) -> dict[str, int]:
    rows: dict[str, int] = {}
    for number, block in enumerate(blocks):
        tables = {"institutions": institutions, **block} if number == 0 else block
        for name, table in tables.items():
            rows[name] = rows.get(name, 0) + len(table)
            if form == "parquet":
                _write_parquet(made, name, table, number)
            else:
                _write_csv(made, name, table)
    return rows


def _write_parquet(made: Path, name: str, table: pl.DataFrame, number: int) -> None:
    (made / name).mkdir(exist_ok=True)
    table.write_parquet(made / name / f"part-{number:05}.parquet", compression="zstd")


def _write_csv(made: Path, name: str, table: pl.DataFrame) -> None:
    if name not in OFFICE_TABLES:
        _append(made / f"{name}.csv", table)
        return
    for one in table.partition_by("institution", maintain_order=True):
        folder = made / "offices" / str(one["institution"][0])
        folder.mkdir(parents=True, exist_ok=True)
        _append(folder / f"{name}.csv", one.drop("institution"))


def _append(path: Path, table: pl.DataFrame) -> None:
    header = not path.exists()
    with path.open("ab") as file:
        table.write_csv(file, include_header=header)


def _manifest(plan: Plan, form: str, rows: dict[str, int]) -> bytes:
    manifest = Manifest(
        version=FORMAT_VERSION,
        residents=plan.residents,
        seed=plan.seed,
        on=plan.on,
        municipalities=plan.codes,
        form=form,
        number_space="test",
        rows=rows,
    )
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def _put_in_place(made: Path, out: Path, workshop: Path) -> None:
    # mkdtemp is private to its owner; a world is not.
    made.chmod(0o755)
    if out.exists():
        out.rename(workshop / "replaced")
    try:
        made.rename(out)
    except BaseException:  # Ctrl-C too: the old world is in the workshop, which goes
        with suppress(OSError):
            (workshop / "replaced").rename(out)
        raise
