"""`kumihimo world`: make a synthetic nation and write it to a folder."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kumihimo.kernel.refusal import BadInput
from kumihimo.world.nation import write_nation
from kumihimo.world.plan import DEFAULT_DAY, DEFAULT_MUNICIPALITIES, make_plan
from kumihimo.world.storage import MANIFEST

app = App(
    name="world",
    help="Make a synthetic nation: people, households, events, institutions, office records.",
)


@app.default
def world(
    *,
    residents: int,
    out: Path,
    seed: int = 1,
    municipalities: int = DEFAULT_MUNICIPALITIES,
    on: str = DEFAULT_DAY.isoformat(),
    form: Annotated[Literal["parquet", "csv"], Parameter(name="--format")] = "parquet",
    force: bool = False,
    json: bool = False,
) -> None:
    """Make a nation and write it. Its numbers are test numbers and belong to nobody.

    The same arguments give the same bytes. The folder is whole or absent.

    Parameters
    ----------
    residents
        登録する人数。 People on the register, among them a few who died or went abroad.
    out
        書き出す先のフォルダ。 Folder to write; must be empty or absent.
    seed
        国のもと。 What the nation is made from; the same seed gives the same people.
    municipalities
        市町村の数。 How many of the country's municipalities it is made of; the larger are the likelier.
    on
        その国の今日。 Its present day, as YYYY-MM-DD.
    form
        ファイルの形式。 Parquet parts per table, or CSV files, those of institutions one folder each.
    force
        作り直す。 Replace the folder if it holds a world.
    json
        JSON で出力。 Print what was written as one JSON object instead of a progress bar.
    """
    _make(residents, out, seed, municipalities, on, form, force=force, quiet=json)
    manifest = (out / MANIFEST).read_bytes()
    if json:
        print(msgspec.json.format(manifest, indent=0).decode())
        return
    _tell(out, msgspec.json.decode(manifest, type=dict[str, object]))


def _make(
    residents: int,
    out: Path,
    seed: int,
    municipalities: int,
    on: str,
    form: str,
    *,
    force: bool,
    quiet: bool,
) -> None:
    plan = make_plan(residents, seed, municipalities=municipalities, on=_day(on))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), disable=quiet)
    task = bar.add_task("people", total=residents)

    def advance(done: int) -> None:
        bar.start()  # not before there is progress: a refusal stands alone
        bar.update(task, completed=done)

    try:
        write_nation(plan, out, form=form, force=force, progress=advance)
    finally:
        if bar.live.is_started:
            bar.stop()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("--on must be a day as YYYY-MM-DD", pointer="on") from error


def _tell(out: Path, manifest: dict[str, object]) -> None:
    rows = manifest["rows"]
    assert isinstance(rows, dict)
    print(f"Wrote a nation of synthetic people to {out}:")
    for table, number in msgspec.convert(rows, dict[str, int]).items():
        print(f"  {table:<18} {number:>12,} rows")
    print("All numbers are of the test space: none passes the official check digit.")
