"""`kumihimo audit review`, `looks` and `officer`: findings into the desk, what was found out of it, who works there."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import polars as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.linkaudit.looks import LOOKS
from kumihimo.linkaudit.review_files import read_sample, write_table
from kumihimo.pages.officers import SALT_BYTES, Passcode, save_officer
from kumihimo.rooms.review import overseeing
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.domain.answers import REPEAT_ONE_IN
from kumihimo.rooms.review.folder import read
from kumihimo.rooms.review.loading import Audit, Loaded
from kumihimo.rooms.review.loading import load as load_audit
from kumihimo.rooms.review.settings import Settings, is_officer
from kumihimo.rooms.review.store_reports import Looked
from kumihimo.run.asking import secret_of

_COLUMNS: Final = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def review(folder: Path, *, config: Path, sample: Path | None = None) -> None:
    """点検結果を審査画面に渡す。 Load an audit's findings into the review desk's queue.

    A second load of the same audit changes nothing. A newer one closes what it no longer finds,
    and begins anew with what has changed. Links of which the audit says that they are a family
    member's, a twin's or an unrelated person's are suspended at the gateway at once, unless the
    desk's settings say otherwise. The pages are those of `kumihimo serve review`.

    Parameters
    ----------
    folder
        点検のフォルダー。 The audit's folder.
    config
        審査画面の設定ファイル。 The review desk's settings file, TOML.
    sample
        抽出した記録。 The records that `audit draw` drew: they come into the queue too.
    """
    settings = load(config, Settings)
    drawn = read_sample(sample)["record_id"] if sample else None
    audit, count = read(folder, drawn)
    desk = _desk(settings, config)
    host, port = settings.address()
    with _shown(count) as tell:
        loaded = asyncio.run(_load(desk, audit, tell))
    print(_words(loaded))
    print(f"画面 Pages: http://{host}:{port}/ (kumihimo serve review --config {config})")


def looks(*, config: Path, out: Path) -> None:
    """審査の結果を取り出す。 Write who looked at which record and what was found, as a CSV file.

    One line for each look, with what was decided. It holds record ids and reviewers' codes, and no
    value of a person: it stays in the institution.

    Parameters
    ----------
    config
        審査画面の設定ファイル。 The review desk's settings file, TOML.
    out
        書き出すCSV。 The CSV file to write.
    """
    settings = load(config, Settings)
    found = asyncio.run(_looks(_desk(settings, config)))
    table = pl.DataFrame(
        [
            (one.affair, one.record_id, one.reviewer, one.answer, one.decision, _weight(one))
            for one in found
        ],
        schema=LOOKS,
        orient="row",
    )
    write_table(out, table)
    print(f"{out}: {len(table):,} 件 looks, {table['record_id'].n_unique():,} 記録 records")


def _weight(one: Looked) -> float | None:
    return float(REPEAT_ONE_IN) if one.drawn else None


async def _looks(desk: Desk) -> list[Looked]:
    await desk.database.open()
    try:
        return await overseeing.looks(desk)
    finally:
        await desk.database.close()


def _desk(settings: Settings, config: Path) -> Desk:
    try:
        return settings.desk(beside=config, clock=SystemClock(), entropy=SystemEntropy())
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None


async def _load(desk: Desk, audit: Audit, tell: Callable[[int], None]) -> Loaded:
    await desk.database.open()
    try:
        return await load_audit(desk, audit, tell=tell)
    finally:
        await desk.database.close()


@contextmanager
def _shown(count: int) -> Generator[Callable[[int], None]]:
    """Show a bar on standard error from the first rows that have come in."""
    bar = Progress(*_COLUMNS, console=Console(stderr=True))
    task = bar.add_task("読み込み Loading", total=count)

    def tell(done: int) -> None:
        bar.start()
        bar.update(task, completed=done)

    try:
        yield tell
    finally:
        if bar.live.is_started:
            bar.stop()


def _words(loaded: Loaded) -> str:
    if loaded.repeated:
        return "この点検は読み込み済みです。 This audit was loaded before; nothing was changed."
    return (
        f"読み込み {loaded.rows:,}：新規 {loaded.new:,}、やり直し {loaded.again:,}、"
        f"変わらず {loaded.same:,}、解消 {loaded.vanished:,}、一時停止 {loaded.suspended:,}。"
        f" {loaded.rows:,} rows: {loaded.new:,} new, {loaded.again:,} begun anew,"
        f" {loaded.same:,} as before; {loaded.vanished:,} closed, {loaded.suspended:,} suspended."
    )


def officer(
    name: str,
    *,
    role: Literal["reviewer", "supervisor"],
    config: Path,
    passcode_file: Path | None = None,
) -> None:
    """審査の職員を登録する。 Let somebody sign in at the review desk, or give her a new passcode.

    Parameters
    ----------
    name
        職員コード。 The officer: small letters, digits and dashes, a letter first.
    role
        役割。 reviewer looks at records and answers; supervisor sees counts and who saw what.
    config
        審査画面の設定ファイル。 The review desk's settings file, TOML.
    passcode_file
        暗証のファイル。 A file with her passcode; without it she is asked for one, twice.
    """
    settings = load(config, Settings)
    if not is_officer(name):
        raise BadInput("small letters, digits and dashes, a letter first", pointer="name")
    typed = secret_of(passcode_file, "職員の暗証 Passcode: ", option="passcode-file", twice=True)
    kept = Passcode.parse(typed, SystemEntropy().bytes(SALT_BYTES))
    save_officer(config.parent / settings.officers, name, kept, role=role)
    print(f"{name}: 登録しました。 May sign in as {role}; a desk that runs is to be restarted.")
