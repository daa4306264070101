"""Stage residual: the search for true persons in the whole register; runs of shifted rows."""

from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.linkaudit.folder import Stage, fingerprint, whole
from kumihimo.linkaudit.pairing import Paired
from kumihimo.linkaudit.registering import Registered
from kumihimo.linkaudit.residual import RESIDUAL, Wanted, candidates, resolve, wanted
from kumihimo.linkaudit.setting import Setting
from kumihimo.linkaudit.shifts import find_runs
from kumihimo.linkaudit.workers import Team

_VERSION: Final = 2


@attrs.frozen
class Searched:
    """What the search found: `RESIDUAL` of the clues, and `RUNS`.

    `carried` is `row` and `number` of every row that carries the number of somebody's true person.
    """

    residual: pl.DataFrame
    runs: pl.DataFrame
    carried: pl.DataFrame


@attrs.frozen
class _Part:
    stage: Path
    registered: Path
    partition: int


def search(setting: Setting, registered: Registered, paired: Paired, team: Team) -> Searched:
    """Search, or open what was found.

    In the same register a clue of before has the same answer: then those that are new are asked.
    """
    stage = Stage.at(setting.folder, "residual", fingerprint(_VERSION), paired.stage.name)
    places = {name: stage.folder / f"{name}.arrow" for name in ("residual", "runs", "carried")}
    if stage.is_done:
        return Searched(*(pl.read_ipc(place) for place in places.values()))
    clues = paired.clues()
    known = _known(stage, registered, paired)
    new = clues.filter(~clues["row"].is_in(known["row"].implode()))
    parts = range(len(registered.partitions) if len(new) else 0)
    weights = [registered.persons // len(registered.partitions)] * len(parts)
    _write_wanted(wanted(new), stage.folder)
    tasks = [_Part(stage.folder, registered.stage, n) for n in parts]
    found = team.each("search", _find, tasks, weights)
    answers = [known, resolve(new, pl.concat(found))] if found else [known]
    residual = pl.concat(answers).sort("row")
    carried = paired.state.carrying(residual["true_number"].drop_nulls().unique())
    runs = find_runs(residual.select("row", "true_number"), carried)
    for table, place in zip((residual, runs, carried), places.values(), strict=True):
        with whole(place) as half:
            table.write_ipc(half, compression="lz4")
    stage.finish(_told(paired.stage.name, registered))
    return Searched(residual, runs, carried)


def _known(stage: Stage, registered: Registered, paired: Paired) -> pl.DataFrame:
    """Return the `RESIDUAL` that the last run found for clues of this one."""
    carried = paired.carried()
    if carried is not None and stage.before is not None:
        since, rows = carried
        if (stage.before / "done").read_text("utf-8") == _told(since, registered):
            before = pl.read_ipc(stage.before / "residual.arrow").rename({"row": "was"})
            return before.join(rows, on="was").select(list(RESIDUAL))
    return pl.DataFrame(schema=RESIDUAL)


def _told(evidence: str, registered: Registered) -> str:
    return f"{evidence} {registered.stage.name}"


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
    return candidates(Registered.opened(part.registered).index(part.partition), asked)
