"""Inquiries through the whole federation: rooms as processes, durable, signed, sealed, recorded.

Requester, core, provider and ledger are processes of their own, each with a PostgreSQL of its own, as
its organisation has, that syncs every commit. A batch counts as done when its answers are with the requester;
the rate counts the time until the ledger, too, holds every record and both ends of each exchange.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final, TypeVar
from urllib.parse import urlsplit

import attrs
import httpx2
import msgspec
import psutil
import psycopg

from kumihimo.kernel.clock import SystemClock, legal_day
from kumihimo.kernel.entropy import Entropy, SystemEntropy
from kumihimo.kernel.group import hash_to_group, multiply
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import Locker, open_payload, seal_payload
from kumihimo.kernel.messenger import Messenger
from kumihimo.kernel.net import trusted
from kumihimo.kernel.postgres import EmbeddedPostgres, RoomDatabase
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import ResidentCode
from kumihimo.rooms.gateway.business import Attributes, Question, Questions, Registration
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.gateway.context import Tenant
from kumihimo.rooms.gateway.locked import CopyContent, PersonFlags, case_tag, lock_copy, lock_flags
from kumihimo.rooms.linkage.app import domain_keys
from kumihimo.rooms.register import api as register
from kumihimo.run.bench_cli import Measure, Tell, measure
from kumihimo.run.crypto_limit import crypto_limit
from kumihimo.run.federation import Federation, prepare
from kumihimo.run.leaf_rate import leaves_per_second, syncs_per_second
from kumihimo.run.past import fill_past, months_until, require_disk
from kumihimo.run.plan import Plan
from kumihimo.run.room_costs import Spent, held, spent

MINATO, OSAKA = "lg-131032", "lg-271004"
EAST, WEST = "gateway-east", "gateway-west"
ROOMS = ("oversight", "register", "linkage", "ledger", EAST, WEST)
# What an inquiry costs whom, as `kumihimo scale` names them.
SHARES: Final = {"requester": EAST, "provider": WEST, "core": "linkage", "ledger": "ledger"}
LEAF: Final = 32  # bytes of an exchange in the log
AFFAIR, LAYOUT, INCOME = "b081", "local-tax/2024", "local-tax.total-income"
T = TypeVar("T")

SMALL: Final = 10_000
LARGE: Final = 1_000_000
ASKED: Final = 10_000  # about so many people; the others only make the tables as large as they are
BATCH: Final = 1_000
TURNS: Final = 4  # of asking a core with a past, and one without
AT_ONCE: Final = 3  # batches on their way: enough to keep two cores busy
PER_SECOND: Final = 50
CLIENTS: Final = 1_000  # each with a connection of its own, and in turns
PER_SECOND_BY_CLIENTS: Final = 100
REST_S: Final = 1_200.0  # for the disk and the server's tidying, after a past was written
RESTED_BYTES: Final = 1 << 20  # a second: what idle rooms write
RESTING_S: Final = 3_600.0  # a client that waits for its turn keeps its connection
LATE_S: Final = 60.0  # a late answer counts with all its time; one this late ends the benchmark
BAR_BATCH: Final = 400.0  # the country's design peak
BAR_P99_MS: Final = 300.0
BAR_P99_CLIENTS_MS: Final = 250.0
BAR_RATIO: Final = 0.5
BAR_GROWTH: Final = 1.3
BAR_PAST: Final = 1.2


@attrs.frozen
class Lengths:
    """How long each part runs, how large the nations are and a batch."""

    warm_s: float
    batch_s: float
    growth_s: float
    single_s: float
    crypto_s: float
    small: int
    large: int
    acquired: int
    batch: int
    clients: int
    rest_s: float  # how long the disk is still before a core with a past is asked
    past: int  # exchanges that the core holds, where nobody says how many


def _named(records: int) -> str:
    """Return how many exchanges, as names of measures say it."""
    millions, rest = divmod(records, 1_000_000)
    return f"{records}" if rest else f"{millions}m"


FULL: Final = Lengths(
    1.0, 60.0, 20.0, 20.0, 3.0, SMALL, LARGE, 10_000, BATCH, CLIENTS, 5.0, 1_000_000
)
QUICK: Final = Lengths(0.1, 0.1, 0.1, 0.2, 0.1, 200, 300, 100, 100, 10, 0.1, 2_000)


def run(tell: Tell, *, quick: bool, records: int) -> Sequence[Measure]:
    """Measure everything; about ten minutes, and the longer the more exchanges of the past."""
    lengths = QUICK if quick else FULL
    records = records or lengths.past
    require_disk(Path(gettempdir()), records)
    limit = crypto_limit(lengths.crypto_s)
    tell(f"group operations and signatures allow {limit:,.0f} inquiries a second on this machine")
    with on_machine(apart=not quick) as small:
        leaves, commits = leaves_per_second(small.servers.of("ledger"), lengths.crypto_s)
        syncs = syncs_per_second(small.servers.of("ledger").folder, lengths.crypto_s)
        tell(
            f"{leaves:,.0f} leaves a second in {commits:,.0f} commits, {syncs:,.0f} syncs of the disk"
        )
        empty = _held(small)
        fill(small, lengths.small, tell)
        person = (_held(small) - empty) / lengths.small
        small.federation.start()
        numbers, codes = acquisition(small, lengths.acquired, tell)
        client = small.federation.client(MINATO, "bench")
        batches(client, small, lengths.warm_s, lengths.batch)
        before, asked = _spent(small), _at_ledger(small)
        rate = batches(client, small, lengths.batch_s, lengths.batch)
        costs, asked = _spent(small).since(before), _at_ledger(small) - asked
        tell(f"{rate:,.0f} inquiries a second in batches, for {lengths.batch_s:.0f} s")
        p50, p99 = singles(small, lengths.single_s)
        tell(f"single: p50 {p50:.0f} ms, p99 {p99:.0f} ms at {PER_SECOND} a second")
        by_clients, p99_clients = by_many(small, lengths.single_s, lengths.clients)
        tell(
            f"by {lengths.clients:,} open clients: p50 {by_clients:.0f} ms, p99 {p99_clients:.0f} ms"
            f" at {PER_SECOND_BY_CLIENTS} a second"
        )
        small_rate = batches(client, small, lengths.growth_s, lengths.batch)
        past = among_past(small, client, lengths, records, tell)
        client.close()
    with on_machine(apart=not quick) as large:
        fill(large, lengths.large, tell)
        large.federation.start()
        client = large.federation.client(MINATO, "bench")
        batches(client, large, lengths.warm_s, lengths.batch)
        large_rate = batches(client, large, lengths.growth_s, lengths.batch)
        client.close()
    tell(
        f"{small_rate:,.0f} a second among {lengths.small:,}, {large_rate:,.0f} among"
        f" {lengths.large:,}"
    )
    cores = multiprocessing.cpu_count()
    alone = 1_000 * cores / limit
    return [
        measure(
            "inquiries_per_second_batch",
            rate,
            "1/s",
            against="group operations and signatures on all cores",
            against_value=limit,
            at_least=BAR_BATCH,
        ),
        measure(
            "crypto_limit_per_second",
            limit,
            "1/s",
            against="the same on one core",
            against_value=limit / cores,
        ),
        measure(
            "ratio_to_crypto_limit",
            rate / limit,
            "x",
            against="group operations and signatures on all cores",
            against_value=1.0,
            at_least=BAR_RATIO,
        ),
        measure(
            "single_p50_ms",
            p50,
            "ms",
            against="group operations and signatures of one, ms",
            against_value=alone,
        ),
        measure(
            "single_p99_ms",
            p99,
            "ms",
            against="group operations and signatures of one, ms",
            against_value=alone,
            at_most=BAR_P99_MS,
        ),
        measure(
            "single_p99_ms_1000_clients",
            p99_clients,
            "ms",
            against="group operations and signatures of one, ms",
            against_value=alone,
            at_most=BAR_P99_CLIENTS_MS,
        ),
        measure(
            "cost_growth_10k_to_1m",
            small_rate / large_rate,
            "x",
            against=f"cost among {lengths.small:,}",
            against_value=1.0,
            at_most=BAR_GROWTH,
        ),
        *past,
        measure(
            "log_leaves_per_second",
            leaves,
            "1/s",
            against="syncs of this disk, each of one page",
            against_value=syncs,
        ),
        measure(
            "codes_acquired_per_second",
            codes,
            "1/s",
            against="inquiries that the same operations allow",
            against_value=limit,
        ),
        measure(
            "numbers_designated_per_second",
            numbers,
            "1/s",
            against="codes acquired",
            against_value=codes,
        ),
        *_costs(costs, asked, alone * 1_000, person),
    ]


def _costs(costs: Spent, asked: int, alone_us: float, person: float) -> list[Measure]:
    """Return what an inquiry in a batch costs each party, and a person each gateway."""
    found: list[Measure] = []
    for name, room in SHARES.items():
        found.append(
            measure(
                f"cpu_us_per_inquiry_{name}",
                costs.cpu_s[room] / asked * 1e6,
                "µs",
                against="group operations and signatures of all parties, µs",
                against_value=alone_us,
            )
        )
        found.append(
            measure(
                f"bytes_per_inquiry_{name}",
                costs.held[room] / asked,
                "B",
                against="its leaf in the log",
                against_value=LEAF,
            )
        )
    return [
        *found,
        measure(
            "bytes_per_person",
            person,
            "B",
            against="the person's code",
            against_value=LEAF,
        ),
    ]


# A federation with a nation in its tables.


@attrs.frozen
class Servers:
    """The PostgreSQL servers of a machine: one for each room, or one for all to be there sooner."""

    folder: Path
    apart: bool
    started: dict[str, EmbeddedPostgres] = attrs.field(factory=dict[str, EmbeddedPostgres])

    def of(self, room: str) -> EmbeddedPostgres:
        """Return a room's server, which runs."""
        name = room.replace("-", "_") if self.apart else "all"
        if name not in self.started:
            self.folder.mkdir(exist_ok=True)
            self.started[name] = EmbeddedPostgres.start(self.folder / name, entropy=SystemEntropy())
        return self.started[name]

    def room(self, name: str, packages: Sequence[str], *, entropy: Entropy) -> RoomDatabase:
        """Make a room's database and roles on its server."""
        return self.of(name).room(name, packages, entropy=entropy)

    def stop(self) -> None:
        """Stop them all."""
        for server in self.started.values():
            server.stop()


@attrs.frozen
class Machine:
    """A federation, its server, and whom the requester may ask about."""

    federation: Federation
    servers: Servers
    addressees: list[str] = attrs.field(factory=list[str])

    def admin(self, room: str) -> psycopg.Connection:
        """Connect to a room's database, to fill it and to count."""
        name = f"kumihimo_{room.replace('-', '_')}"
        return psycopg.connect(self.servers.of(room).admin(name).reveal())


@contextmanager
def on_machine(*, apart: bool) -> Generator[Machine]:
    """Prepare a federation in a temporary folder, not started yet; stop all when the block ends."""
    with TemporaryDirectory(prefix="kumihimo-bench-") as name, ExitStack() as end:
        folder = Path(name)
        folder.chmod(0o755)
        servers = Servers(folder / "postgres", apart=apart)
        end.callback(servers.stop)
        plan = Plan(
            gateways={EAST: [MINATO], WEST: [OSAKA]},
            assessed={MINATO: date(2025, 4, 1), OSAKA: date(2025, 4, 1)},
        )
        federation = prepare(
            folder / "rooms", plan, postgres=servers, clock=SystemClock(), entropy=SystemEntropy()
        ).only(*ROOMS)
        end.callback(federation.stop)
        yield Machine(federation, servers)


def fill(machine: Machine, people: int, tell: Tell) -> None:
    """Put a nation into both gateways' tables.

    Those who are asked about have codes as the acquisition gives them; the others' are random
    bytes, since nobody ever multiplies them: they make the tables and indexes as large as they are.
    """
    begun = time.perf_counter()
    core = domain_keys(machine.federation.keys["linkage"])
    asked = [f"a{index}" for index in range(min(ASKED, people))]
    points = [hash_to_group(name.encode(), b"kumihimo-bench") for name in asked]
    for institution, gateway in ((MINATO, EAST), (OSAKA, WEST)):
        secret = core.secret(institution, 1)
        codes = [multiply(secret, point) for point in points]
        _fill_gateway(machine, institution, gateway, codes, people)
    machine.addressees.extend(asked)
    tell(f"{people:,} people in both gateways after {time.perf_counter() - begun:.0f} s")


def _fill_gateway(
    machine: Machine, institution: str, gateway: str, codes: Sequence[bytes], people: int
) -> None:
    entropy = SystemEntropy()
    keys = machine.federation.keys[institution]
    tenant = Tenant(institution, keys, Locker.of(keys.secret("columns"), entropy))
    today = legal_day(SystemClock().now())
    persons = [new_id(entropy) for _ in range(people)]
    with machine.admin(gateway) as connection, connection.cursor() as cursor:
        with cursor.copy(
            "COPY person (institution, person, code, code_version, acquisition_state,"
            " flags_locked) FROM STDIN"
        ) as rows:
            for index, person in enumerate(persons):
                code = codes[index] if index < len(codes) else entropy.bytes(32)
                flags = lock_flags(tenant, person, PersonFlags())
                rows.write_row((institution, person, code, 1, "BOUND", flags))
        with cursor.copy("COPY addressee (institution, addressee, person) FROM STDIN") as rows:
            for index, person in enumerate(persons):
                rows.write_row((institution, f"a{index}", person))
        if institution == MINATO:
            with cursor.copy(
                "COPY case_file (institution, case_file, person_tag, affair, opened_on) FROM STDIN"
            ) as rows:
                for person in persons:
                    rows.write_row(
                        (institution, new_id(entropy), case_tag(tenant, person), AFFAIR, today)
                    )
        else:
            cursor.execute(
                "INSERT INTO load VALUES (%s, 'bench', 'local-tax', %s, %s, %s, 0, now())",
                (institution, LAYOUT, bytes(32), people),
            )
            with cursor.copy(
                "COPY copy (institution, person, info, layout, as_of, load, locked) FROM STDIN"
            ) as rows:
                for index, person in enumerate(persons):
                    content = CopyContent(values={INCOME: index}, valid_from=today)
                    locked = lock_copy(tenant, person, "local-tax", content)
                    rows.write_row(
                        (institution, person, "local-tax", LAYOUT, today, "bench", locked)
                    )
        for table in ("person", "addressee", "case_file", "copy"):
            cursor.execute(f"ANALYZE {table}".encode())


def _spent(machine: Machine) -> Spent:
    return spent(machine.federation, machine.servers.of, SHARES.values())


def _held(machine: Machine) -> int:
    """Return the bytes that a provider's database holds."""
    return held(machine.servers.of(WEST), WEST)


# The load.


def batches(client: BusinessClient, machine: Machine, seconds: float, size: int) -> float:
    """Ask in batches of a size for so long; returns inquiries a second, the ledger's share included."""
    before = _at_ledger(machine)
    begun = time.perf_counter()

    def work(lane: int) -> int:
        done, turn = 0, lane
        while time.perf_counter() - begun < seconds:
            asked = _batch(machine, turn, size)
            found = client.ask_and_wait(asked)
            wrong = {answer.outcome for answer in found} - {"OK"}
            assert not wrong, f"every inquiry is answered, not {wrong}"
            done += len(found)
            turn += AT_ONCE
        return done

    with ThreadPoolExecutor(AT_ONCE) as lanes:
        done = sum(lanes.map(work, range(AT_ONCE)))
    held, since = 0, time.perf_counter()
    while (now := _at_ledger(machine) - before) < done:
        held, since = (now, time.perf_counter()) if now > held else (held, since)
        late = time.perf_counter() - since > LATE_S
        assert not late, f"the ledger holds {held:,} of {done:,} exchanges, and gets no more"
        time.sleep(0.2)
    return done / (time.perf_counter() - begun)


def _batch(machine: Machine, turn: int, size: int) -> list[Question]:
    start = turn * size % len(machine.addressees)
    chosen = [machine.addressees[(start + i) % len(machine.addressees)] for i in range(size)]
    return [_question(one) for one in chosen]


def _question(addressee: str) -> Question:
    return Question(
        addressee=addressee, affair=AFFAIR, provider=OSAKA, items=(INCOME,), layout=LAYOUT
    )


def _at_ledger(machine: Machine) -> int:
    """Return how many exchanges the ledger holds with record and both ends."""
    with machine.admin("ledger") as connection:
        row = connection.execute(
            "SELECT least((SELECT count(*) FROM record), (SELECT count(*) / 2 FROM record_end))"
        ).fetchone()
    assert row is not None, "a count is a row"
    return int(row[0])


def singles(machine: Machine, seconds: float) -> tuple[float, float]:
    """Ask one by one at a steady rate, whatever the answers take; returns p50 and p99 in ms.

    A question's time begins when it was due, so a slow answer does not hide behind a late start.
    """
    return _ends(asyncio.run(_by_one_client(machine, int(seconds * PER_SECOND))))


def by_many(machine: Machine, seconds: float, clients: int) -> tuple[float, float]:
    """Let clients ask in turns, each over a connection that stays open; returns p50 and p99 in ms.

    The first question of each opens its connection, and is not counted.
    """
    count = clients + int(seconds * PER_SECOND_BY_CLIENTS)
    return _ends(asyncio.run(_by_clients(machine, count, clients))[clients:])


def _ends(latencies: list[float]) -> tuple[float, float]:
    ordered = sorted(latencies)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


async def _by_one_client(machine: Machine, count: int) -> list[float]:
    token = await asyncio.to_thread(machine.federation.token, MINATO, "clerk")
    async with _client(machine, token, Messenger(trusted(), connections=64)) as http:
        return await _open_loop(machine, [http], count, PER_SECOND)


async def _by_clients(machine: Machine, count: int, clients: int) -> list[float]:
    token = await asyncio.to_thread(machine.federation.token, MINATO, "clerks")
    async with AsyncExitStack() as stack:
        each = [
            _client(machine, token, Messenger(trusted(), connections=1, resting_s=RESTING_S))
            for _ in range(clients)
        ]
        for one in each:
            await stack.enter_async_context(one)
        found = await _open_loop(machine, each, count, PER_SECOND_BY_CLIENTS)
        assert _open_at(machine) >= clients, "every client's connection is open"
        return found


def _open_at(machine: Machine) -> int:
    """Return how many connections of this process to the requester's gateway are open."""
    port = urlsplit(machine.federation.address_of(MINATO)).port
    held = psutil.Process().net_connections("tcp")
    return sum(
        bool(one.raddr) and one.raddr[1] == port and one.status == psutil.CONN_ESTABLISHED
        for one in held
    )


def _client(
    machine: Machine, token: Withheld[str], carrier: httpx2.AsyncBaseTransport
) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=machine.federation.address_of(MINATO),
        headers={
            "authorization": f"Bearer {token.reveal()}",
            "content-type": "application/json",
        },
        transport=carrier,
        timeout=LATE_S,
        trust_env=False,
    )


async def _open_loop(
    machine: Machine, clients: Sequence[httpx2.AsyncClient], count: int, per_second: int
) -> list[float]:
    async def ask(index: int, due: float) -> float:
        question = _question(machine.addressees[index % len(machine.addressees)])
        answer = await clients[index % len(clients)].post(
            "/v1/inquiries?wait=true", content=msgspec.json.encode(Questions((question,)))
        )
        assert b'"outcome":"OK"' in answer.content, "every inquiry is answered"
        return (time.perf_counter() - due) * 1_000

    begun = time.perf_counter() + 0.1
    tasks: list[asyncio.Task[float]] = []
    for index in range(count):
        due = begun + index / per_second
        await asyncio.sleep(max(due - time.perf_counter(), 0.0))
        tasks.append(asyncio.create_task(ask(index, due)))
    return list(await asyncio.gather(*tasks))


# Beside what the past left.


def among_past(
    fresh: Machine, client: BusinessClient, lengths: Lengths, records: int, tell: Tell
) -> list[Measure]:
    """Let the core of another federation hold so many exchanges, and ask both in turns.

    Both run at the same time, so that what else the machine does is in the way of both alike. Then
    the oldest month is forgotten while the load goes on.
    """
    with on_machine(apart=fresh.servers.apart) as full:
        fill(full, lengths.small, tell)
        oldest, *months = months_until(SystemClock().now())
        begun, empty = time.perf_counter(), held(full.servers.of("linkage"), "linkage")
        old = records // (len(months) + 1)
        with full.admin("linkage") as connection:
            # Before the core is there, which would read all of it in the server's log; but for the
            # month that it would forget at once.
            fill_past(connection, records - old, months=months, entropy=SystemEntropy())
            full.federation.start()
            fill_past(connection, old, months=[oldest], entropy=SystemEntropy())
        each = (held(full.servers.of("linkage"), "linkage") - empty) / records
        tell(f"{records:,} exchanges in a core after {time.perf_counter() - begun:,.0f} s")
        rest(full, lengths.rest_s, tell)
        clerk = full.federation.client(MINATO, "bench")
        batches(clerk, full, lengths.warm_s, lengths.batch)
        without: list[float] = []
        among: list[float] = []
        for _ in range(TURNS):
            without.append(batches(client, fresh, lengths.growth_s, lengths.batch))
            among.append(batches(clerk, full, lengths.growth_s, lengths.batch))
            tell(
                f"{without[-1]:,.0f} inquiries a second,"
                f" {among[-1]:,.0f} among {records:,} exchanges in the core"
            )
        with ThreadPoolExecutor(1) as beside:
            load = beside.submit(batches, clerk, full, lengths.growth_s, lengths.batch)
            rows, forgot_ms = forget_month(full)
            meanwhile = load.result()
        clerk.close()
    tell(f"a month of {rows:,} forgotten in {forgot_ms:,.0f} ms beside {meanwhile:,.0f} a second")
    return [
        measure(
            f"cost_growth_at_{_named(records)}_records",
            sum(without) / sum(among),
            "x",
            against="cost before they were there",
            against_value=1.0,
            at_most=BAR_PAST,
        ),
        measure(
            "month_forgotten_ms",
            forgot_ms,
            "ms",
            against="a batch, ms",
            against_value=1_000 * lengths.batch / meanwhile,
        ),
        measure(
            "bytes_per_past_exchange",
            each,
            "B",
            against="its leaf in the log",
            against_value=LEAF,
        ),
    ]


def rest(machine: Machine, still_s: float, tell: Tell) -> None:
    """Wait until the core's server has tidied up what was written, and the disk has taken it.

    That is work of the filling, and not of the load that is measured next: nobody works for `still_s`.
    """
    begun = time.perf_counter()
    os.sync()
    with machine.admin("linkage") as connection:
        connection.autocommit = True
        while time.perf_counter() - begun < REST_S:
            tidying = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
            ).fetchone()
            before = _written()
            time.sleep(still_s)
            if tidying == (0,) and _written() - before < still_s * RESTED_BYTES:
                break
        else:
            tell(f"the disk still writes after {REST_S:.0f} s: this is no quiet measurement")


def _written() -> int:
    counters = psutil.disk_io_counters()
    return counters.write_bytes if counters is not None else 0


def forget_month(machine: Machine) -> tuple[int, float]:
    """Forget the core's oldest month as its own job does; returns its exchanges, and how long, ms.

    Where readers are in its way the job comes again in an hour; here at once.
    """
    begun = time.perf_counter()
    with machine.admin("linkage") as connection:
        connection.autocommit = True
        while True:
            try:
                row = connection.execute(
                    "SELECT gone FROM forget_expired(now(), 0) WHERE what = 'exchange_record'"
                ).fetchone()
            except psycopg.errors.LockNotAvailable:
                continue
            assert row is not None, "what was forgotten is told"
            return int(row[0]), (time.perf_counter() - begun) * 1_000


# Numbers and codes.


def acquisition(machine: Machine, people: int, tell: Tell) -> tuple[float, float]:
    """Have residents numbered and their codes acquired; returns numbers and codes a second.

    Over the doors: sealed batches to register, registration by card at the gateway, and its worker
    that asks register and core. Codes count from the registration of the last person on.
    """
    events = [_birth(index) for index in range(people)]
    _by_thousands(
        events,
        lambda part: _ask_register(
            machine, register.EVENTS_PATH, register.EventBatch(part), sealed=False
        ),
    )
    begun = time.perf_counter()
    given: list[register.Designated] = []
    _by_thousands(
        [event.resident_code for event in events],
        lambda part: given.extend(
            msgspec.json.decode(
                _ask_register(
                    machine, register.DESIGNATE_PATH, register.Designate(part), sealed=True
                ),
                type=register.Designations,
            ).designated
        ),
    )
    numbers = people / (time.perf_counter() - begun)
    client = machine.federation.client(MINATO, "intake")
    cards = [
        Registration(
            addressee=f"n{index}",
            source="card",
            number=one.number,
            attributes=Attributes(
                name=event.name or "",
                birth=event.birth or "",
                sex=event.sex or "",
                address=event.address or "",
            ),
        )
        for index, (event, one) in enumerate(zip(events, given, strict=True))
    ]
    begun = time.perf_counter()
    _by_thousands(cards, client.register)
    while _bound(machine) < people:
        time.sleep(0.05)
    codes = people / (time.perf_counter() - begun)
    client.close()
    tell(f"{numbers:,.0f} numbers and {codes:,.0f} codes a second")
    return numbers, codes


def _birth(index: int) -> register.Event:
    code = ResidentCode.generate(f"{index:010}", space=NumberSpace.TEST).reveal()
    return register.Event(
        event=new_id(SystemEntropy()),
        kind="birth",
        resident_code=code,
        effective_on=date(2020, 4, 1),
        name=f"試験{chr(0x4E00 + index % 5_000)}{chr(0x4E00 + index // 5_000)}",
        birth="1990-04-01",
        sex="2",
        address=f"東京都港区芝公園二丁目{1 + index // 90}番{1 + index % 90}号",
        municipality=MINATO.removeprefix("lg-"),
    )


def _by_thousands(values: Sequence[T], act: Callable[[tuple[T, ...]], object]) -> None:
    for start in range(0, len(values), BATCH):
        act(tuple(values[start : start + BATCH]))


def _bound(machine: Machine) -> int:
    with machine.admin(EAST) as connection:
        row = connection.execute(
            "SELECT count(*) FROM person p JOIN addressee a USING (institution, person)"
            " WHERE a.addressee LIKE 'n%' AND p.acquisition_state = 'BOUND'"
        ).fetchone()
    assert row is not None, "a count is a row"
    return int(row[0])


def _ask_register(machine: Machine, path: str, question: msgspec.Struct, *, sealed: bool) -> bytes:
    """Ask register as Minato; returns what was sealed for Minato, or nothing."""

    async def whole() -> bytes:
        federation = machine.federation
        net = federation.net()
        context = path.encode()
        to = federation.keys["register"].public.payload
        body = register.Sealed(seal_payload(msgspec.json.encode(question), to=to, context=context))
        caller = federation.caller(MINATO, net, SystemClock(), SystemEntropy())
        try:
            if not sealed:
                await caller.call(register.PARTY, path, body, register.EventsTaken)
                return b""
            answer, _ = await caller.call(register.PARTY, path, body, register.Sealed)
        finally:
            await net.close()
        return open_payload(answer.payload, key=federation.keys[MINATO].payload, context=context)

    return asyncio.run(whole())
