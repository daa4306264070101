"""Stage residual: the search for true persons in the whole register; runs of shifted rows."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.canonical import INDEX
from kumihimo.linkaudit.folder import Stage, fingerprint, whole
from kumihimo.linkaudit.pairing import Paired
from kumihimo.linkaudit.registering import Registered
from kumihimo.linkaudit.residual import Wanted, candidates, resolve, wanted
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.shifts import find_runs
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 1


@attrs.frozen
class Searched:
    """What the search found: `RESIDUAL` of the clues, and `RUNS`."""

    residual: pl.DataFrame
    runs: pl.DataFrame


@attrs.frozen
class _Part:
    stage: Path
    registered: Path
    partition: int


def search(setting: Setting, registered: Registered, paired: Paired, team: Team) -> Searched:
    """Search, or open what was found."""
    stage = Stage.at(setting.folder, "residual", fingerprint(_VERSION), paired.stage.name)
    places = {name: stage.folder / f"{name}.arrow" for name in ("residual", "runs")}
    if stage.is_done:
        return Searched(*(pl.read_ipc(place) for place in places.values()))
    clues = paired.clues()
    asked = wanted(clues)
    parts = range(len(registered.partitions))
    weights = [registered.persons // len(parts)] * len(parts)
    _write_wanted(asked, stage.folder)
    tasks = [_Part(stage.folder, registered.stage, n) for n in parts]
    found = team.each("search", _find, tasks, weights)
    residual = resolve(clues, pl.concat(found))
    carried = paired.state.carrying(residual["true_number"].drop_nulls().unique())
    runs = find_runs(residual.select("row", "true_number"), carried)
    for table, place in zip((residual, runs), places.values(), strict=True):
        with whole(place) as half:
            table.write_ipc(half, compression="lz4")
    stage.finish()
    return Searched(residual, runs)


def _write_wanted(asked: Wanted, folder: Path) -> None:
    for field in attrs.fields(Wanted):
        frame = pl.DataFrame({"key": getattr(asked, field.name)})
        with whole(folder / f"{field.name}.arrow") as half:
            frame.write_ipc(half)


def _find(part: _Part) -> pl.DataFrame:
    asked = Wanted(
        *(
            pl.read_ipc(part.stage / f"{field.name}.arrow")["key"].to_numpy()
            for field in attrs.fields(Wanted)
        )
    )
    index = Registered.opened(part.registered).index(part.partition)
    return candidates(index.select(list(INDEX)), asked)
