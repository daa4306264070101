"""The review desk with a full queue: an audit's folder comes in, pages are opened, records decided.

The desk is built as it is served, on a PostgreSQL that syncs every commit, and its pages are asked in
process, so no browser and no socket stands between. Beside it in the same run a desk with a hundredth of
the records does the same, and PostgreSQL alone takes the same bytes, reads as many rows, and commits as
many changes.
"""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import httpx2
import numpy as np
import polars as pl
import psutil
import psycopg

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker, new_master
from kumihimo.kernel.postgres import EmbeddedPostgres, RoomDatabase
from kumihimo.kernel.sql import Database
from kumihimo.linkaudit import schema
from kumihimo.linkaudit.schema import Mechanism, Verdict
from kumihimo.pages.officers import SALT_BYTES, Officers, Passcode
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.columns.check_digits import check_digits_individual
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.review.api import Role
from kumihimo.rooms.review.app import build
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.domain.answers import LATER_WITHIN
from kumihimo.rooms.review.folder import read
from kumihimo.rooms.review.loading import Loaded, load
from kumihimo.run.bench_cli import Measure, Tell, measure

BAR_PAGE_MS: Final = 200.0  # our choice, as both bars: a page that nobody waits for
BAR_DECISION_MS: Final = 200.0
BAR_GROWTH: Final = (
    1.5  # our choice: what is the same work may differ so much by chance and by caches
)
SMALLER: Final = 100
NOBODY: Final = "http://127.0.0.1:9"  # no gateway is asked: the desk's own work is measured
SUSPENDED_ONE_IN: Final = 20  # our guess, as the rest of the mix: a member of the family
PATTERNS: Final = 40
BARE_ROWS: Final = 100_000
PASSCODE: Final = "of the benchmark"
_FORM_TOKEN: Final = re.compile(r'name="form_token" value="([^"]+)"')
_ITEM: Final = re.compile(r'name="item" value="([^"]+)"')
_NEXT: Final = re.compile(r'href="(/queue\?after=[^"]+)"')
Story = Callable[[], Coroutine[Any, Any, None]]


@attrs.frozen
class Size:
    """Rows in the queue, how often each kind of page is opened, how many records are decided."""

    rows: int
    pages: int
    decided: int


FULL: Final = Size(1_000_000, 200, 200)
QUICK: Final = Size(1_000, 4, 4)  # a hundredth of it: ten records


@attrs.frozen
class Spent:
    """How long something took: by the clock on the wall, and of all processors with the database's."""

    wall_s: float
    cpu_s: float


@attrs.frozen
class Times:
    """Seconds of single requests, by kind."""

    pages: list[float] = attrs.field(factory=list[float])
    taken: list[float] = attrs.field(factory=list[float])
    supervisor: list[float] = attrs.field(factory=list[float])
    decisions: list[float] = attrs.field(factory=list[float])


@attrs.frozen(kw_only=True)
class Bare:
    """PostgreSQL alone: rows a second by COPY, seconds of a read of one page, of a commit."""

    rows_per_second: float
    read: list[float]
    commit: list[float]


def run(tell: Tell, *, quick: bool) -> Sequence[Measure]:
    """Measure; some minutes, most of them for loading a million rows twice."""
    return measured(QUICK if quick else FULL, tell)


def measured(size: Size, tell: Tell) -> Sequence[Measure]:
    """Measure a queue of this size."""
    entropy = SystemEntropy()
    with TemporaryDirectory(prefix="kumihimo-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        tell(f"making an audit of {size.rows:,} findings that need a person")
        for audit, changed in (("first", 0), ("later", 1)):
            write_audit(folder / audit, size.rows, changed=changed)
        postgres = EmbeddedPostgres.start(folder / "postgres", entropy=entropy, durable=True)
        try:
            small = postgres.room("review_small", ["kumihimo.rooms.review"], entropy=entropy)
            reached = postgres.room("review", ["kumihimo.rooms.review"], entropy=entropy)
            few = attrs.evolve(size, rows=size.rows // SMALLER)
            write_audit(folder / "few", few.rows, changed=0)
            _, before = asyncio.run(_worked(small, [folder / "few"], few, tell))
            both = [folder / "first", folder / "later"]
            [first, later], times = asyncio.run(_worked(reached, both, size, tell))
            bare = _bare(reached, size)
        finally:
            postgres.stop()
    tell(f"PostgreSQL alone takes {bare.rows_per_second:,.0f} rows a second")
    return figures(size, first, later, times, before, bare)


async def _worked(
    reached: RoomDatabase, audits: Sequence[Path], size: Size, tell: Tell
) -> tuple[Sequence[Spent], Times]:
    """Load an audit, work at the desk, load the next months'."""
    entropy, clock = SystemEntropy(), HandClock(datetime(2026, 6, 1, 1, tzinfo=UTC))
    database = Database(reached.runtime)
    desk = Desk(
        database=database,
        locker=Locker.of(new_master(entropy), entropy),
        clock=clock,
        entropy=entropy,
        space=NumberSpace.TEST,
    )
    await database.open()
    try:
        spent = [await _loaded(desk, audits[0], tell)]
        times = await _at_the_desk(desk, clock, size)
        tell(
            f"pages: p50 {_ms(times.pages, 50):.0f} ms, p95 {_ms(times.pages, 95):.0f} ms;"
            f" records taken: p50 {_ms(times.taken, 50):.0f} ms;"
            f" decisions: p95 {_ms(times.decisions, 95):.0f} ms"
        )
        spent += [await _loaded(desk, one, tell) for one in audits[1:]]
    finally:
        await database.close()
    return spent, times


async def _loaded(desk: Desk, folder: Path, tell: Tell) -> Spent:
    loaded: list[Loaded] = []

    async def story() -> None:
        audit, _ = read(folder)
        loaded.append(await load(desk, audit, tell=lambda _: None))

    spent = await _spent(story)
    [done] = loaded
    tell(
        f"{done.rows:,} rows loaded ({done.new:,} new, {done.same:,} as before,"
        f" {done.suspended:,} suspended) in {spent.wall_s:,.1f} s, {spent.cpu_s:,.1f} s of processors"
    )
    return spent


async def _spent(story: Story) -> Spent:
    begun, cpu = time.perf_counter(), _cpu_s()
    await story()
    return Spent(time.perf_counter() - begun, _cpu_s() - cpu)


def _cpu_s() -> float:
    """Return the processor seconds of this process and of the database's, the ended ones too."""
    total = time.process_time()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])  # its own and its ended children's
    return total


class Browser:
    """One officer's browser, without a socket."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - an ASGI application
        self.http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://desk", follow_redirects=True
        )
        self.page = ""

    async def open(self, path: str, times: list[float]) -> None:
        """Open a page."""
        begun = time.perf_counter()
        answer = await self.http.get(path)
        self._see(answer, begun, times)

    async def send(self, path: str, times: list[float], **fields: str) -> None:
        """Fill in a form of the page that is open, send it, and see what comes."""
        token = _FORM_TOKEN.search(self.page)
        assert token is not None, "every page has a form"
        begun = time.perf_counter()
        answer = await self.http.post(path, data={"form_token": token[1], **fields})
        self._see(answer, begun, times)

    def _see(self, answer: httpx2.Response, begun: float, times: list[float]) -> None:
        times.append(time.perf_counter() - begun)
        assert answer.status_code == 200, answer.text  # noqa: PLR2004 - what a page has
        self.page = answer.text


async def _at_the_desk(desk: Desk, clock: HandClock, size: Size) -> Times:
    roles = {
        "ito": Role.REVIEWER,
        "kato": Role.REVIEWER,
        "ueda": Role.SUPERVISOR,
    }
    passcode = Passcode.of(PASSCODE, desk.entropy.bytes(SALT_BYTES))
    officers = Officers(dict.fromkeys(roles, passcode), {one: roles[one].value for one in roles})
    times = Times()
    with BusinessClient(NOBODY, "no-token") as gateway:
        room = build(desk, officers, gateway, https=False, report=_bug)
        for officer in ("ito", "kato"):
            await _reviews(await _signed_in(room.app, officer), times, size)
            clock.advance(LATER_WITHIN)
        ueda = await _signed_in(room.app, "ueda")
        for _ in range(size.pages):
            for path in ("/progress", "/viewings", "/patterns"):
                await ueda.open(path, times.supervisor)
        await ueda.http.aclose()
    return times


async def _signed_in(app: Any, officer: str) -> Browser:  # noqa: ANN401 - an ASGI application
    browser, signing_in = Browser(app), list[float]()  # a passcode is slow to compare by design
    await browser.open("/sign-in", signing_in)
    await browser.send("/sign-in", signing_in, officer=officer, passcode=PASSCODE)
    return browser


async def _reviews(browser: Browser, times: Times, size: Size) -> None:
    """Open the queue, turn its pages, take the records that are worth most and answer."""
    path = "/queue"
    for _ in range(size.pages):
        await browser.open("/", times.pages)
        await browser.open(path, times.pages)
        found = _NEXT.search(browser.page)
        path = found[1] if found else "/queue"
    for _ in range(size.pages):
        await browser.open("/", times.pages)
        await browser.send("/take", times.taken)
        await browser.send("/leave", times.pages)
    await browser.open("/", times.pages)
    await browser.send("/take", times.taken)
    for _ in range(size.decided):
        item = _ITEM.search(browser.page)
        assert item is not None, "a record is open"
        await browser.send(
            "/item",
            times.decisions,
            item=item[1],
            answer="wrong",
            mechanism="household",
            right="unknown",
            then="next",
        )
    await browser.send("/leave", times.pages)
    await browser.http.aclose()


def _bug(where: str, error: BaseException) -> None:
    raise AssertionError(where) from error


def write_audit(folder: Path, rows: int, *, changed: int) -> None:
    """Write an audit's folder with so many findings that need a person.

    `changed`: another month, in which the odds have moved and nobody's values have.
    """
    folder.mkdir()
    bodies = np.arange(1, rows + 1, dtype=np.int64)
    numbers = bodies * 10 + check_digits_individual(bodies, NumberSpace.TEST)
    row = pl.Series("row", bodies)
    number = pl.Series("number", numbers).cast(pl.String).str.zfill(12)
    text = row.cast(pl.String)
    base = pl.DataFrame({"row": row, "record_id": "r" + text, "number": number})
    written = {
        "name": "髙橋 花子" + text,
        "kana": pl.lit("タカハシ ハナコ"),
        "birth": pl.lit("1990-04-01"),
        "sex": pl.lit("2"),
        "address": "東京都港区芝" + text + "-1",
    }
    suspected = pl.col("row") % SUSPENDED_ONE_IN == 0
    found = base.with_columns(
        affair=pl.lit("b081"),
        pattern=(pl.col("row") % PATTERNS).cast(pl.Int32),
        verdict=pl.when(suspected)
        .then(pl.lit(Verdict.MISLINK.value))
        .otherwise(pl.lit(Verdict.PERSON.value)),
        mechanism=pl.when(suspected)
        .then(pl.lit(Mechanism.HOUSEHOLD.value))
        .otherwise(pl.lit(Mechanism.HOMONYM.value)),
        odds=(pl.col("row") * 7919 % 4000) / 1000 - 2 + changed / 10,
        minutes=pl.lit(2.0),
        reason=pl.lit(""),
    )
    other = base.with_columns(**written).with_columns(name="高橋 太郎" + text)
    _write(folder, "rows", base.with_columns(**written), schema.ROWS)
    _write(folder, "snapshot", other, schema.SNAPSHOT)
    _write(folder, "findings", found, schema.FINDINGS)
    _write(folder, "patterns", _lines(rows), schema.PATTERNS)


def _lines(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "pattern": range(PATTERNS),
            "rows": [rows // PATTERNS] * PATTERNS,
            "verdict": [Verdict.PERSON.value] * PATTERNS,
            "mechanism": [Mechanism.HOMONYM.value] * PATTERNS,
            "reason_ja": ["氏名と生年月日が同じ人が他にもいます。"] * PATTERNS,
            "reason_en": ["Others have this name and birth date."] * PATTERNS,
        }
    )


def _write(folder: Path, name: str, table: pl.DataFrame, form: dict[str, Any]) -> None:
    lacking = [pl.lit(None, form[one]).alias(one) for one in form if one not in table.columns]
    whole = table.with_columns(lacking).select(pl.col(one).cast(form[one]) for one in form)
    whole.write_parquet(folder / f"{name}.parquet")


def _bare(reached: RoomDatabase, size: Size) -> Bare:
    """Let PostgreSQL alone take the desk's rows, read a page of them, and change one."""
    rows = min(size.rows, BARE_ROWS)
    with psycopg.connect(reached.owner.reveal(), autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (LIKE item)")
        connection.execute("ALTER TABLE bare ADD PRIMARY KEY (item)")
        with connection.cursor().copy(
            "COPY (SELECT * FROM item LIMIT %s) TO STDOUT", (rows,)
        ) as copy:
            blocks = [bytes(block) for block in copy]
        begun = time.perf_counter()
        with connection.cursor().copy("COPY bare FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        took = time.perf_counter() - begun
        reads, commits, item = list[float](), list[float](), ""
        for _ in range(size.pages):
            begun = time.perf_counter()
            found = connection.execute(
                "SELECT item, affair, verdict, mechanism, odds, minutes, worth FROM bare"
                " WHERE item > %s ORDER BY item LIMIT 50",
                (item,),
            ).fetchall()
            reads.append(time.perf_counter() - begun)
            item = found[-1][0] if found else ""
            begun = time.perf_counter()
            connection.execute("UPDATE bare SET looks = 1 WHERE item = %s", (item,))
            commits.append(time.perf_counter() - begun)
    return Bare(rows_per_second=rows / took, read=reads, commit=commits)


def _ms(seconds: Sequence[float], percent: int) -> float:
    return float(np.percentile(np.asarray(seconds), percent)) * 1000


def _growth(times: Times, before: Times) -> Sequence[Measure]:
    """Return the medians of what a reviewer waits for, beside those with a hundredth of the records."""
    medians = [
        ("page_p50_ms", _ms(times.pages, 50), _ms(before.pages, 50)),
        ("next_record_p50_ms", _ms(times.taken, 50), _ms(before.taken, 50)),
        ("decision_p50_ms", _ms(times.decisions, 50), _ms(before.decisions, 50)),
    ]
    fewer = "the same with a hundredth of the records"
    return [
        *(
            measure(name, mine, "ms", against=fewer, against_value=few)
            for name, mine, few in medians
        ),
        measure(
            "growth_10k_to_1m",
            max(mine / few for _, mine, few in medians),
            "times",
            against="no growth",
            against_value=1.0,
            at_most=BAR_GROWTH,
        ),
    ]


def figures(
    size: Size, first: Spent, later: Spent, times: Times, before: Times, bare: Bare
) -> Sequence[Measure]:
    """Return every figure beside what PostgreSQL alone does, or beside a shorter queue."""
    copied, read_name = "COPY into a bare table", "a bare read of fifty rows, p95"
    return [
        measure(
            "rows_loaded_per_second",
            size.rows / first.wall_s,
            "1/s",
            against=copied,
            against_value=bare.rows_per_second,
        ),
        measure(
            "rows_reloaded_per_second",
            size.rows / later.wall_s,
            "1/s",
            against=copied,
            against_value=bare.rows_per_second,
        ),
        measure(
            "load_cpu_seconds",
            first.cpu_s,
            "s",
            against="seconds by the clock",
            against_value=first.wall_s,
        ),
        *_growth(times, before),
        measure(
            "page_p95_ms",
            _ms(times.pages, 95),
            "ms",
            against=read_name,
            against_value=_ms(bare.read, 95),
            at_most=BAR_PAGE_MS,
        ),
        measure(
            "next_record_p95_ms",
            _ms(times.taken, 95),
            "ms",
            against=read_name,
            against_value=_ms(bare.read, 95),
            at_most=BAR_PAGE_MS,
        ),
        measure(
            "supervisor_p95_ms",
            _ms(times.supervisor, 95),
            "ms",
            against=read_name,
            against_value=_ms(bare.read, 95),
            at_most=BAR_PAGE_MS,
        ),
        measure(
            "decision_p95_ms",
            _ms(times.decisions, 95),
            "ms",
            against="a bare commit of one changed row, p95",
            against_value=_ms(bare.commit, 95),
            at_most=BAR_DECISION_MS,
        ),
    ]
