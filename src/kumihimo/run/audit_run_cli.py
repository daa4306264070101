"""`kumihimo audit run`: two files in, every record in a class."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import attrs
import msgspec
import polars as pl
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.files import write_new
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.refusal import BadInput, Conflict
from kumihimo.linkaudit import audit
from kumihimo.linkaudit.approvals import approvals, decide, write_pattern_file
from kumihimo.linkaudit.canonical import Hasher, make_key
from kumihimo.linkaudit.intake.faults import with_reasons
from kumihimo.linkaudit.intake.mapping import Mapping, Side, read_mapping
from kumihimo.linkaudit.intake.once import take_in_once
from kumihimo.linkaudit.intake.pieces import ready
from kumihimo.linkaudit.intake.sheets import BadTable
from kumihimo.linkaudit.intake.taking import Taken
from kumihimo.linkaudit.results import ABOUT, About, kinds, write_about
from kumihimo.linkaudit.schema import Verdict
from kumihimo.linkaudit.setting import Sizes
from kumihimo.linkaudit.workers import Progress as Told
from kumihimo.linkaudit.workers import Team
from kumihimo.run.audit_spark import check, judge_on_spark
from kumihimo.run.audit_telling import console, tell_quality, tell_verdicts

if TYPE_CHECKING:
    from kumihimo.run.audit_register import Asking

MEMORY_MAX_GIB: Final = 4_096  # our choice: more than one machine has
_LARGE: Final = 1 << 27  # bytes: our choice, some two million rows
_SMALL: Final = 1 << 20  # bytes: some ten thousand rows, which are done before a process has begun
_NAMES: Final[dict[str, str]] = {
    "rows": "機関のファイル rows",
    "snapshot": "住民登録側 snapshot",
    "history": "履歴 history",
}


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Door:
    """Whom to ask where there is no snapshot."""

    register: Path | None = None
    """中間サーバーの設定ファイル。 The gateway's settings file: ask register in place of a snapshot."""
    institution: str = ""
    """照会する機関。 Who asks register; not said, the only one that the gateway hosts."""
    affair: str = ""
    """照会の事務。 The affair for which register is asked, such as b081."""


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Engine:
    """What does the work."""

    engine: Literal["local", "spark"] = "local"
    """計算のしかた。 What does the work: processes on this machine, or Spark. The result is the same."""
    spark_master: str = ""
    """Spark の接続先。 Spark's master: local[4], spark://HOST:7077, yarn; not said, this machine."""

    @property
    def is_spark(self) -> bool:
        """Say whether Spark does the work."""
        return self.engine == "spark"

    def judge(self) -> Callable[..., None]:
        """Return what does it. Raises `BadInput`, `Unavailable` where Spark cannot."""
        if self.is_spark:
            check(self.spark_master)
            return partial(judge_on_spark, self.spark_master)
        if self.spark_master:
            raise BadInput("--spark-master: only with --engine spark", pointer="spark_master")
        return _judge


def run_audit(
    mapping: Path,
    *,
    rows: Path,
    snapshot: Path | None = None,
    out: Path,
    history: Path | None = None,
    key: Path | None = None,
    memory: int = 0,
    approved_only: bool = False,
    json: bool = False,
    door: Door = Door(),
    engine: Engine = Engine(),
) -> None:
    """点検する。 Audit every record of a file against the register.

    What was done before an interruption is not done again. The folder holds personal data: keep it
    as you keep the files.

    Parameters
    ----------
    mapping
        列の対応ファイル。 The mapping that `kumihimo audit map` wrote.
    rows
        機関のファイル。 The institution's file: CSV, Excel, Parquet, or a folder of Parquet parts.
    snapshot
        住民登録側のファイル。 The register's snapshot, dead and removed persons included.
    out
        結果のフォルダ。 Folder of the audit; a new one, or that of an earlier run.
    history
        前の氏名・住所。 Former names and addresses that the register held.
    key
        鍵ファイル（keys new で作る）。 Key of the hashes; not said, one is made beside the folder.
    memory
        使ってよいメモリ（GiB）。 Memory that may be used, in GiB; 0 leaves it to the engine.
    approved_only
        承認された行だけで確認済みとする。 Clear nothing by a line of the pattern table that nobody approved.
    json
        JSON で出力。 Print the counts as one JSON object.
    """
    judge = partial(engine.judge(), history=history is not None, memory=memory)
    plan = read_mapping(mapping)
    _may_be_used(out, memory)
    files = _files(rows, snapshot, history, door.register)
    asking = _asking(door, key, engine)
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = _key(key, out) if asking is None else None
    sizes = Sizes.of(memory or audit.MEMORY_GIB)
    with _bars(quiet=json) as bars, _team(sizes, bars, files) as team:
        taken = [take_in_once(plan, side, path, out, team=team) for side, path in files.items()]
        _tell_taken(out, rows, taken, quiet=json)
        if asking is not None:
            _ask(out, asking, team.progress)
        elif secret is not None:
            judge(out, secret, team, holder=plan.municipality)
    decide(out, approved_only=approved_only)
    write_pattern_file(out)
    _about(out, plan, taken, approved_only=approved_only)
    _tell(out, taken[0], json=json)


def _files(
    rows: Path, snapshot: Path | None, history: Path | None, register: Path | None
) -> dict[Side, Path]:
    """Return the files of each side. Raises `BadInput` unless there is one register's side."""
    if (snapshot is None) == (register is None):
        raise BadInput("--snapshot or --register: exactly one of them", pointer="snapshot")
    if register is not None and history is not None:
        raise BadInput("--history: register knows its own; leave it out", pointer="history")
    sides: dict[Side, Path | None] = {"rows": rows, "snapshot": snapshot, "history": history}
    return {side: path for side, path in sides.items() if path is not None}


@contextmanager
def _team(sizes: Sizes, bars: Progress, files: dict[Side, Path]) -> Generator[Team]:
    workers = sizes.workers if sum(map(_bytes, files.values())) > _SMALL else 1
    with Team.at_work(workers, _progress(bars)) as team:
        # So large a folder is taken in by processes of their own, too.
        team.come(
            ready, workers if files["rows"].is_dir() and _bytes(files["rows"]) > _LARGE else 0
        )
        yield team


def _bytes(path: Path) -> int:
    """Return how large a file is, or a folder of them; one that is not there is told by the intake."""
    files = path.glob("*.parquet") if path.is_dir() else [path]
    return sum(one.stat().st_size for one in files if one.is_file())


def _asking(door: Door, key: Path | None, engine: Engine) -> "Asking | None":
    """Return who asks register; None with a snapshot. Raises `BadInput`, `BadSettings`."""
    if door.register is not None:
        if engine.is_spark:
            raise BadInput("--engine: register does the work; leave it out", pointer="engine")
        if key is not None:
            raise BadInput(
                "--key: register is asked and nothing is hashed; leave it out", pointer="key"
            )
        # A gateway is read in only where one is asked: it takes longer to start than a small audit.
        from kumihimo.run.audit_register import Asking  # noqa: PLC0415

        return Asking.read(door.register, door.institution, door.affair)
    if door.institution or door.affair:
        raise BadInput("--institution, --affair: only with --register", pointer="register")
    return None


def _ask(out: Path, asking: "Asking", progress: Told) -> None:
    from kumihimo.run.audit_register import judge_by_register  # noqa: PLC0415

    judge_by_register(out, asking, progress)


def _may_be_used(out: Path, memory: int) -> None:
    """Refuse a folder that holds something else than an audit, and memory that nobody has."""
    if not 0 <= memory <= MEMORY_MAX_GIB:
        raise BadInput(f"--memory: 0 to {MEMORY_MAX_GIB} GiB", pointer="memory")
    if out.exists() and not out.is_dir():
        raise Conflict(f"{out}: not a folder", pointer="out")
    known = {ABOUT, "rows", "taken_rows.json", "bad_rows.parquet"}
    if out.exists() and any(out.iterdir()) and not any((out / one).exists() for one in known):
        raise Conflict(f"{out}: not empty, and no audit; name another folder", pointer="out")
    approvals(out)  # which cannot be used is told before the work and not after it


@contextmanager
def _bars(*, quiet: bool) -> Generator[Progress]:
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    quiet = quiet or not console.is_terminal
    bars = Progress(*columns, console=console, disable=quiet, transient=True)
    try:
        yield bars
    finally:
        if bars.live.is_started:
            bars.stop()


def _advance(bars: Progress, task: TaskID, done: int, total: int) -> None:
    bars.start()  # not before there is progress: a refusal stands alone
    bars.update(task, completed=done, total=total)


def _progress(bars: Progress) -> Told:
    tasks: dict[str, TaskID] = {}

    def progress(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(_NAMES.get(stage, stage), total=total)
        _advance(bars, tasks[stage], done, total)

    return progress


def _judge(out: Path, key: Path, team: Team, *, history: bool, holder: str, memory: int) -> None:
    audit.run(
        out,
        rows=out / "rows",
        snapshot=out / "snapshot",
        key=key,
        history=out / "history" if history else None,
        holder=holder,
        memory_gib=memory or audit.MEMORY_GIB,
        team=team,
    )


def _key(given: Path | None, out: Path) -> Path:
    """Return the key file: the one given, or one beside the folder, made where it is not there."""
    key = given or out.absolute().with_suffix(".key")
    if given is None:
        make_key(key, SystemEntropy())
    try:
        Hasher.load(key)
    except KeyFileUnsafe as error:
        raise BadInput(str(error), pointer="key") from None
    return key


def _tell_taken(out: Path, rows: Path, taken: list[Taken], *, quiet: bool) -> None:
    for one in () if quiet else taken:
        tell_quality(one)
    _list_bad_rows(out, rows, taken[0])


def _list_bad_rows(out: Path, rows: Path, taken: Taken) -> None:
    """Write the rows that cannot be judged as a CSV file for people: row, line, column, reason."""
    told = with_reasons(pl.read_parquet(out / "bad_rows.parquet"))
    write_new(out / "bad_rows.csv", b"\xef\xbb\xbf" + told.write_csv().encode())
    if not taken.rows_out:
        raise BadTable(f"{rows}: no row can be judged; see {out / 'bad_rows.csv'}")


def _about(out: Path, plan: Mapping, taken: list[Taken], *, approved_only: bool) -> None:
    about = About(
        institution=plan.institution,
        affair=plan.affair,
        without=plan.without,
        number_space=plan.number_space,
        ended=SystemClock().now().isoformat(timespec="seconds"),
        taken=taken,
        approved_only=approved_only,
    )
    write_about(out, about)


def _tell(out: Path, taken: Taken, *, json: bool) -> None:
    by = kinds(out / "findings.parquet").group_by("verdict").agg(pl.col("rows").sum())
    counts = dict(by.iter_rows())
    told = {str(verdict): int(counts.get(verdict, 0)) for verdict in Verdict}
    if json:
        whole = {"rows": taken.rows_in, "listed": taken.rows_listed, "verdicts": told}
        print(msgspec.json.encode(whole).decode())
        return
    tell_verdicts(told, taken.rows_listed)
    console().print(f"次に Next: kumihimo audit report {out}", soft_wrap=True)
