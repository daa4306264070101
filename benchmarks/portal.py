"""The portal as people meet it: its heaviest pages, a thousand sessions, ten years of history for each.

Portal and ledger are processes of their own on a PostgreSQL that syncs every commit; whoever asks
is another. Who the people are was settled before: their sessions stand in both databases as a login
leaves them. Beside it in the same run a page of as many bytes comes from Litestar alone.
"""

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import msgspec
import numpy as np
import psutil
import psycopg

from kumihimo.kernel.clock import SystemClock, legal_day
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.group import hash_to_group
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import new_master, save_master, seal_payload
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.settings import load
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.visits import Visit
from kumihimo.rooms.gateway.api import (
    ItemValue,
    NoticeContent,
    Provided,
    notice_context,
)
from kumihimo.rooms.ledger.api import MyRecord
from kumihimo.rooms.ledger.own import answer_context, reader_key
from kumihimo.rooms.portal import reading
from kumihimo.rooms.portal.pages import subjects
from kumihimo.rooms.portal.settings import Settings
from kumihimo.rooms.portal.visits import StoredVisits
from kumihimo.run.bench_cli import Measure, Tell, measure
from kumihimo.run.federation import Federation, Room, prepare
from kumihimo.run.loopback import HOST, free_ports
from kumihimo.run.plan import Plan
from kumihimo.statute.law import institutions

BAR_P95_MS: Final = 100.0
BAR_PAINT_MS: Final = 1_500.0
PER_SECOND: Final = 100
AT_ONCE: Final = 8
MINATO, OSAKA, NAGOYA = "lg-131032", "lg-271004", "lg-231002"
# What stands on each page when it could be made.
PAGES: Final = {
    "/": "kh-entry",
    "/looked": 'name="cursor"',
    "/ask": "<form",
    "/mine": "/mine/wrong",
}
PAINTED: Final = ("/", "/looked", "/mine")
SCRIPTS: Final = Path(__file__).parent / "portal_load"
DAYS: Final = 6.8 * 365  # records are kept for seven years
INCOME: Final = "local-tax.total-income"
LAYOUT: Final = "local-tax/2024"


@attrs.frozen
class Size:
    """People, records of each, institutions asked about her data, seconds of each part, paints."""

    people: int
    records: int
    asked: int
    seconds: float
    paints: int


# Thirty records a year are our guess. They are kept for seven years, so ten years' lie closer.
FULL: Final = Size(1_000, 300, 1_741, 30.0, 5)
QUICK: Final = Size(4, 25, 10, 1.0, 1)


@attrs.frozen
class Machine:
    """The rooms, and the cookies of who is signed in."""

    postgres: EmbeddedPostgres
    federation: Federation
    portal: Room
    cookies: list[str] = attrs.field(factory=list[str])

    def admin(self, room: str) -> psycopg.Connection:
        """Connect to a room's database, to fill it."""
        return psycopg.connect(self.postgres.admin(f"kumihimo_{room}").reveal())

    def cpu_s(self) -> dict[str, float]:
        """Return the processor seconds so far of portal, ledger and PostgreSQL."""
        rooms = {"portal": self.portal, "ledger": self.federation.rooms["ledger"]}
        found = {
            name: _cpu_s(psutil.Process(room.process.pid))
            for name, room in rooms.items()
            if room.process is not None
        }
        folder = str(self.postgres.folder)
        servers = (one for one in psutil.process_iter(["cmdline"]) if _is(one, folder))
        found["postgres"] = sum(
            _cpu_s(one) + sum(_cpu_s(child) for child in one.children(recursive=True))
            for one in servers
        )
        return found


def _is(process: psutil.Process, folder: str) -> bool:
    words: list[str] = process.info["cmdline"] or []
    return any(word.startswith(folder) for word in words)


def _cpu_s(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return float(sum(process.cpu_times()[:4]))  # its own and its ended children's
    return 0.0


def run(tell: Tell, *, quick: bool) -> Sequence[Measure]:
    """Measure; about three minutes."""
    size = QUICK if quick else FULL
    with _on_machine(tell, size) as machine:
        ask: dict[str, Any] = {
            "address": machine.portal.address,
            "cookies": machine.cookies,
            "pages": list(PAGES.items()),
            "seconds": size.seconds,
            "at_once": AT_ONCE,
        }
        _asked(ask | {"per_second": 20, "seconds": min(size.seconds, 5.0)})  # what is read first
        before = machine.cpu_s()
        steady = _asked(ask | {"per_second": PER_SECOND})
        spent = _spent(before, machine.cpu_s(), sum(map(len, steady["took"].values())))
        tell(_told_of(steady, spent))
        fast = _asked(ask | {"per_second": 0})
        mean = int(np.mean(list(steady["sizes"].values())))
        painted = _painted(machine, size.paints)
        _believes_its_rows(machine)
        tell(f"painted on slow 4G after (ms): {painted}")
    bare, bare_steady = _bare(mean, size.seconds)
    return _figures(steady, fast, bare, bare_steady, spent, painted)


def _figures(
    steady: Mapping[str, Any],
    fast: Mapping[str, Any],
    bare: Mapping[str, Any],
    bare_steady: Mapping[str, Any],
    spent: Mapping[str, float],
    painted: Mapping[str, float],
) -> Sequence[Measure]:
    """Return every figure beside a bare page's."""
    page, ratio = "a bare Litestar page of as many bytes", fast["rate"] / bare["rate"]
    return [
        measure("pages_per_second", fast["rate"], "1/s", against=page, against_value=bare["rate"]),
        measure(
            "page_p95_ms",
            _p95(steady),
            "ms",
            against=f"{page}, at {PER_SECOND} a second",
            against_value=_p95(bare_steady),
            at_most=BAR_P95_MS,
        ),
        measure("ratio_to_bare_page", ratio, "x", against=page, against_value=1.0),
        measure(
            "page_cpu_ms",
            sum(spent.values()),
            "ms",
            against="what the portal's process has of it",
            against_value=spent["portal"],
        ),
        *(
            measure(
                f"lcp_ms_{path.strip('/') or 'first'}",
                took,
                "ms",
                against="one answer on that network, empty",
                against_value=562.5,
                at_most=BAR_PAINT_MS,
            )
            for path, took in painted.items()
        ),
    ]


def _believes_its_rows(machine: Machine) -> None:
    """Check that the ledger found nothing wrong with what was filled in: or it was busy with that."""
    with machine.admin("ledger") as connection:
        told = connection.execute("SELECT count(*) FROM journal WHERE act = 'ledger-broken'")
        assert told.fetchone() == (0,), "the rows that were filled in do not fit the log"


def _p95(came: Mapping[str, Any]) -> float:
    every = [one for times in came["took"].values() for one in times]
    return float(np.percentile(np.asarray(every), 95))


def _spent(before: Mapping[str, float], after: Mapping[str, float], pages: int) -> dict[str, float]:
    """Return milliseconds of processors for one page, by process."""
    return {name: (after[name] - before[name]) * 1_000 / pages for name in after}


def _told_of(came: Mapping[str, Any], spent: Mapping[str, float]) -> str:
    pages = ", ".join(
        f"{path} p50 {np.percentile(times, 50):.0f} p95 {np.percentile(times, 95):.0f} ms"
        f" {came['sizes'][path] / 1000:.0f} kB"
        for path, times in came["took"].items()
    )
    shares = ", ".join(f"{name} {took:.2f}" for name, took in spent.items())
    return f"{pages}; ms of processors for one page: {shares}"


def _script(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(SCRIPTS / name), *arguments]


def _asked(ask: Mapping[str, Any]) -> dict[str, Any]:
    """Have pages asked for by a process of its own; every one must be what it should."""
    came = _through("ask_pages.py", ask)
    assert not came["wrong"], f"{len(came['wrong'])} pages were not there: {came['wrong'][:3]}"
    return came


def _painted(machine: Machine, times: int) -> dict[str, float]:
    asked = {
        "address": machine.portal.address,
        "cookie": machine.cookies[0],
        "paths": PAINTED,
        "times": times,
    }
    return _through("paint.py", asked)


def _through(name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own script
        _script(name), input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout)


def _bare(size: int, seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ask for a page that Litestar alone serves: as fast as it goes, and at the same rate."""
    [port] = free_ports(1)
    with subprocess.Popen(  # noqa: S603 - our own script
        _script("bare_page.py", str(port), str(size)), stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None, "its output is read here"
            assert server.stdout.readline() == "ready\n", "it serves"
            ask: dict[str, Any] = {
                "address": f"http://{HOST}:{port}",
                "cookies": ["a=b"],
                "pages": [("/", "x")],
                "seconds": seconds / 3,
                "at_once": AT_ONCE,
            }
            return _asked(ask | {"per_second": 0}), _asked(ask | {"per_second": PER_SECOND})
        finally:
            server.kill()


# Portal and ledger with people in their tables.


@contextmanager
def _on_machine(tell: Tell, size: Size) -> Generator[Machine]:
    with TemporaryDirectory(prefix="kumihimo-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        entropy = SystemEntropy()
        postgres = EmbeddedPostgres.start(folder / "postgres", entropy=entropy)
        try:
            plan = Plan(gateways={"gateway": [MINATO]}, assessed={MINATO: date(2025, 4, 1)})
            federation = prepare(
                folder / "rooms", plan, postgres=postgres, clock=SystemClock(), entropy=entropy
            ).only("oversight", "ledger")
            machine = Machine(postgres, federation, _portal(folder, postgres, federation))
            try:
                begun = time.perf_counter()
                _fill(machine, size)
                tell(f"{size.people:,} people signed in after {time.perf_counter() - begun:.0f} s")
                federation.start()
                machine.portal.start()
                machine.portal.wait()
                yield machine
            finally:
                machine.portal.stop()
                federation.stop()
        finally:
            postgres.stop()


def _portal(folder: Path, postgres: EmbeddedPostgres, federation: Federation) -> Room:
    """Write the portal's settings; jpki is not asked for anything, since nobody comes in."""
    entropy = SystemEntropy()
    reached = postgres.room("portal", ["kumihimo.rooms.portal"], entropy=entropy)
    save_master(folder / "portal.key", new_master(entropy))
    for name, secret in (("portal.dsn", reached.runtime.reveal()), ("jpki.token", "nobody-asks")):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret)
    listen, jpki = (f"{HOST}:{port}" for port in free_ports(2))
    settings: dict[str, Any] = {
        "listen": listen,
        "origin": f"http://{listen}",
        "key": "portal.key",
        "jpki": f"http://{jpki}",
        "ledger": federation.rooms["ledger"].address,
    }
    path = folder / "portal.toml"
    path.write_text(
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        + 'database = { file = "portal.dsn" }\njpki_token = { file = "jpki.token" }\n'
    )
    return Room("portal", "portal", path, f"http://{listen}", reached)


def _fill(machine: Machine, size: Size) -> None:
    tokens = [f"{n:043d}" for n in range(size.people)]
    persons = [bytes(hash_to_group(one.encode(), b"kumihimo-bench")) for one in tokens]
    with machine.admin("ledger") as connection:
        connection.execute("CREATE TEMPORARY TABLE p (n integer, token bytea, person bytea)")
        with connection.cursor().copy("COPY p FROM STDIN") as rows:
            for n, (token, person) in enumerate(zip(tokens, persons, strict=True)):
                rows.write_row((n, token.encode(), person))
        psycopg.ClientCursor(connection).execute(
            (SCRIPTS / "history.sql").read_bytes(),
            {"records": size.records, "days": DAYS / size.records},
        )
        _fill_session(machine, connection, size, tokens)
        connection.commit()
        # As ten years leave the tables, and not while PostgreSQL still tidies up after the filling.
        connection.autocommit = True
        for table in ("record", "record_end", "person_link", "own_ask", "portal_notice"):
            connection.execute(f"VACUUM (ANALYZE) {table}".encode())
    asyncio.run(_sign_in(machine, tokens))


def _fill_session(
    machine: Machine, connection: psycopg.Connection, size: Size, tokens: Sequence[str]
) -> None:
    """Write what each session asked of every institution, two of which hold something, and notices."""
    names = [one.institution for one in institutions() if one.institution.startswith("lg-")]
    asked = sorted({*names[: size.asked - 2], OSAKA, NAGOYA})[: size.asked]
    assert len(asked) >= min(size.asked, 2), "there are so many municipalities"
    entropy, today = SystemEntropy(), legal_day(SystemClock().now())
    to = machine.federation.keys["ledger"].public.payload
    holders = asked[:2]
    with closing(connection.cursor()) as cursor:
        with cursor.copy(
            "COPY own_batch (batch, token_hash, information, reader_key, body, asked_at, until,"
            " next_try_at, asked) FROM STDIN"
        ) as rows:
            batches = [new_id(entropy) for _ in tokens]
            keys = [reader_key(Withheld(one)).public_key().public_bytes_raw() for one in tokens]
            now = SystemClock().now()
            later = now + timedelta(days=1)
            for batch, token, key in zip(batches, tokens, keys, strict=True):
                tag = _hash(token)
                rows.write_row((batch, tag, "local-tax", key, b"", now, later, later, len(asked)))
        with cursor.copy(
            "COPY own_ask (inquiry, batch, provider, permit, outcome, answer_sealed, answered_at)"
            " FROM STDIN"
        ) as rows:
            for batch, key in zip(batches, keys, strict=True):
                for provider in asked:
                    inquiry, holds = new_id(entropy), provider in holders
                    sealed = _answer(inquiry, key) if holds else None
                    outcome = "OK" if holds else "NO_DATA"
                    rows.write_row(
                        (inquiry, batch, provider, new_id(entropy), outcome, sealed, now)
                    )
        with cursor.copy(
            "COPY portal_notice (notice, institution, person, version, state, sealed, taken_on,"
            " until) FROM STDIN"
        ) as rows:
            for token in tokens:
                person = bytes(hash_to_group(token.encode(), b"kumihimo-bench"))
                for _ in range(3):
                    notice = new_id(entropy)
                    sealed = seal_payload(
                        _notice(today), to=to, context=notice_context(MINATO, notice)
                    )
                    until = today + timedelta(days=60)
                    rows.write_row((notice, MINATO, person, 1, "sent", sealed, today, until))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _answer(inquiry: str, key: bytes) -> bytes:
    fields = ("income-year", "total-income", "dependants", "income-levy")
    values = tuple(
        ItemValue(
            item=f"local-tax.{one}",
            value=2_025,
            as_of="2026-05-20",
            registered_on="2026-05-31",
            layout=LAYOUT,
        )
        for one in fields
    )
    content = msgspec.json.encode(Provided(values)).ljust(1_024)
    return seal_payload(content, to=key, context=answer_context(inquiry))


def _notice(today: date) -> bytes:
    return msgspec.json.encode(
        NoticeContent(
            affair="b081",
            category="child",
            title="児童手当の現況届",
            text="現況届を出してください。",
            deadline=today + timedelta(days=14),
            link="",
        )
    )


async def _sign_in(machine: Machine, tokens: Sequence[str]) -> None:
    """Write each person's visit as a login and her first page with the ledger leave it."""
    path, entropy, clock = machine.portal.settings, SystemEntropy(), SystemClock()
    portal = load(path, Settings).portal(beside=path, clock=clock, entropy=entropy)
    visits = StoredVisits(portal)
    await portal.database.open()
    try:
        for token in tokens:
            account = new_id(entropy)
            async with portal.database.transaction() as tx:
                await tx.put(
                    "INSERT INTO account VALUES (%s, %s, '', current_date)",
                    (account, _hash(account)),
                )
            visit = Visit(new_id(entropy) + new_id(entropy), who=account)
            visit.kept |= {
                reading.SESSION: token,
                reading.UNTIL: (clock.now() + timedelta(hours=1)).isoformat(),
            }
            subjects.keep(visit, subjects.Subject(record=_asked_about(clock)))
            await visits.begin(visit)
            machine.cookies.append(f"kumihimo-portal={visit.token}")
    finally:
        await portal.database.close()
        await portal.ledger.close()


def _asked_about(clock: SystemClock) -> MyRecord:
    return MyRecord(
        record="r" * 22,
        requested_at=clock.now(),
        requester=MINATO,
        provider=OSAKA,
        affair="b081",
        items=(INCOME, "local-tax.income-levy"),
        basis=("old2-100",),
        outcome="OK",
        provided_at=clock.now(),
        under_investigation=False,
        number=1,
    )
