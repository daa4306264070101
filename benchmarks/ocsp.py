"""Answers about status: jpki's responder beside `openssl ocsp`, and beside the signing key alone.

Both serve the same certificates with the same RSA-2048 key on loopback, and wrk asks both the same.
jpki knows who asks, looks the status up in PostgreSQL and syncs the record of asking to disk before
an answer leaves; openssl looks it up in memory and records nothing. They take turns.
"""

import asyncio
import base64
import hashlib
import multiprocessing
import os
import shlex
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, LiteralString

import attrs
import psycopg
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509 import ocsp

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.settings import load
from kumihimo.rooms.jpki.domain.certificates import spki_bits
from kumihimo.rooms.jpki.settings import Settings
from kumihimo.rooms.jpki.verifiers import register
from kumihimo.run.bench_cli import Measure, Tell, measure
from kumihimo.run.federation import Federation, Room, prepare
from kumihimo.run.issuing import bare_signatures
from kumihimo.run.loopback import HOST, free_port
from kumihimo.run.plan import Plan
from kumihimo.run.system_packages import ensure
from kumihimo.run.wrk import NONCE_BYTES, Questions, Told, ask

BAR_OPENSSL: Final = 5.0
BAR_LIMIT: Final = 0.5
REVOKED_EACH: Final = 10  # one certificate of so many is revoked
RESPONDER_S: Final = 60.0  # by then the room has made its responder
ANSWER_BYTES_MIN: Final = 500  # an answer that is signed, with its certificate, is longer
LIFE: Final = timedelta(days=1_800)
CERTIFICATE_BYTES: Final = 1_300
PORT: Final = 8888
PEER_TRIED: Final = ((1, 2), (1, 8), (2, 8))  # processes and connections for each core
_UP: Final = "ip link set lo up"
_WAIT: Final = "until grep -qs ' 0A ' /proc/net/tcp /proc/net/tcp6; do sleep 0.02; done"
_NONCE: Final = b"0" * NONCE_BYTES
_ROOT: Final = "SELECT der FROM authority WHERE ca = 'auth'"
_RECORDED: Final = "SELECT count(*) FROM status_check"
_RESPONDER: Final = "SELECT key_label, der FROM responder WHERE ca = 'auth'"


@attrs.frozen
class Lengths:
    """How many turns of how long, among how many certificates, of which so many are asked about.

    `connections` to jpki for each core; openssl is asked over as many as it serves best.
    """

    turns: int
    turn_s: float
    limit_s: float
    certificates: int
    asked: int
    connections: int


FULL: Final = Lengths(4, 8.0, 3.0, 100_000, 1_000, 256)
QUICK: Final = Lengths(1, 1.0, 0.3, 1_000, 100, 8)


def run(tell: Tell, *, quick: bool) -> Sequence[Measure]:
    """Measure; about three minutes."""
    ensure(("iproute2", "openssl", "util-linux", "wrk"))
    lengths = QUICK if quick else FULL
    with TemporaryDirectory(prefix="kumihimo-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _served(folder, lengths, tell) as ours:
            theirs = _peer(ours, folder / "peer", tell, quick=quick)
            rates = _in_turns(ours, theirs, lengths, tell)
    return _measures(rates)


@attrs.frozen
class Rates:
    """Answers a second: `signed` with a nonce each, `kept` without one; and signatures alone."""

    signed: float
    kept: float
    openssl_signed: float
    openssl_kept: float
    limit: float


def _measures(rates: Rates) -> Sequence[Measure]:
    return [
        measure(
            "ocsp_answers_per_second",
            rates.kept,
            "1/s",
            against="openssl ocsp, asked the same",
            against_value=rates.openssl_kept,
        ),
        measure(
            "ocsp_ratio_to_openssl",
            rates.kept / rates.openssl_kept,
            "x",
            against="openssl ocsp, asked the same",
            against_value=1.0,
            at_least=BAR_OPENSSL,
        ),
        measure(
            "ocsp_signed_per_second",
            rates.signed,
            "1/s",
            against="the signing key alone, on all cores",
            against_value=rates.limit,
        ),
        measure(
            "ocsp_ratio_to_signing_limit",
            rates.signed / rates.limit,
            "x",
            against="the signing key alone, on all cores",
            against_value=1.0,
            at_least=BAR_LIMIT,
        ),
        measure(
            "ocsp_signed_ratio_to_openssl",
            rates.signed / rates.openssl_signed,
            "x",
            against="what the signing key alone would allow",
            against_value=rates.limit / rates.openssl_signed,
        ),
    ]


def _in_turns(ours: "Served", theirs: "Peer", lengths: Lengths, tell: Tell) -> Rates:
    """Let both be asked, and the key sign, one after the other, so many times.

    jpki is asked for one turn before it counts: from then on it has answers that serve again.
    """
    spent: dict[str, list[Told]] = {"signed": [], "kept": [], "their signed": [], "their kept": []}
    limits: list[float] = []
    cores = multiprocessing.cpu_count()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        ours.asked(ours.questions["kept"], lengths.turn_s)
        for _ in range(lengths.turns):
            limits.append(sum(pool.map(bare_signatures, [lengths.limit_s] * cores)))
            for kind, questions in ours.questions.items():
                spent[f"their {kind}"].append(theirs.asked(questions, lengths.turn_s))
                spent[kind].append(ours.asked(questions, lengths.turn_s))
    rates = {
        name: sum(one.answers for one in told) / sum(one.seconds for one in told)
        for name, told in spent.items()
    }
    limit = sum(limits) / len(limits)
    for name, rate in rates.items():
        tell(f"{rate:,.0f} answers a second: {name}")
    tell(f"{limit:,.0f} signatures a second by the key alone")
    return Rates(
        signed=rates["signed"],
        kept=rates["kept"],
        openssl_signed=rates["their signed"],
        openssl_kept=rates["their kept"],
        limit=limit,
    )


# jpki, as it is served.


@attrs.frozen
class Served:
    """jpki's processes behind one address, what they serve, and what they are asked."""

    federation: Federation
    admin: str
    address: str
    authorization: str
    root: x509.Certificate
    serials: Sequence[int]
    questions: Mapping[str, Questions]
    connections: int

    def asked(self, questions: Questions, seconds: float) -> Told:
        """Ask for so long; every answer's record is in the database."""
        before = self._recorded()
        command = questions.asking(
            self.address,
            connections=self.connections * multiprocessing.cpu_count(),
            seconds=seconds,
            authorization=self.authorization,
        )
        told = ask(command, seconds=seconds)
        assert not told.failed, f"every question is answered: {told}"
        assert self._recorded() - before >= told.answers, "every answer is on record"
        assert told.bytes > told.answers * ANSWER_BYTES_MIN, "every answer is one"
        return told

    def _recorded(self) -> int:
        return int(_the(self.admin, _RECORDED))


@contextmanager
def _served(folder: Path, lengths: Lengths, tell: Tell) -> Generator[Served]:
    entropy, clock = SystemEntropy(), SystemClock()
    postgres = EmbeddedPostgres.start(folder / "postgres", entropy=entropy)
    rooms: list[Room] = []
    try:
        plan = Plan(gateways={}, assessed={})
        federation = prepare(
            folder / "rooms", plan, postgres=postgres, clock=clock, entropy=entropy
        )
        jpki = federation.rooms["jpki"]
        port = free_port()
        more = f'share_port = true\nocsp_listen = "{HOST}:{port}"\n'
        jpki.settings.write_text(more + jpki.settings.read_text())
        admin = postgres.admin("kumihimo_jpki").reveal()
        serials = _fill(admin, lengths.certificates)
        tell(f"{lengths.certificates:,} certificates in the database")
        token = asyncio.run(_verifier(federation))
        rooms = [attrs.evolve(jpki) for _ in range(multiprocessing.cpu_count())]
        rooms.insert(0, federation.rooms["oversight"])
        for room in rooms:
            room.start()
            room.wait()
        root = x509.load_der_x509_certificate(_the(admin, _ROOT))
        basic = base64.b64encode(f"bench:{token}".encode()).decode()
        asked = serials[: lengths.asked]
        questions = {
            "signed": Questions.write(folder / "signed", _asking(root, asked, _NONCE), fresh=True),
            "kept": Questions.write(folder / "kept", _asking(root, asked), fresh=False),
        }
        address = f"http://{HOST}:{port}/ocsp"
        yield Served(
            federation,
            admin,
            address,
            f"Basic {basic}",
            root,
            serials,
            questions,
            lengths.connections,
        )
    finally:
        for room in rooms:
            room.stop()
        postgres.stop()


def _asking(root: x509.Certificate, serials: Sequence[int], nonce: bytes = b"") -> list[bytes]:
    # RFC 6960, 4.1.1, by SHA-1: what openssl and most other clients send.
    name = hashlib.new("sha1", root.subject.public_bytes()).digest()  # noqa: S324 - as above
    key = hashlib.new("sha1", spki_bits(root)).digest()  # noqa: S324
    asked: list[bytes] = []
    for serial in serials:
        question = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, SHA1())  # noqa: S303 - as above
        if nonce:
            question = question.add_extension(x509.OCSPNonce(nonce), critical=False)
        asked.append(question.build().public_bytes(Encoding.DER))
    return asked


def _fill(admin: str, count: int) -> list[int]:
    """Put auth certificates into jpki's tables, every tenth revoked; returns their serials.

    Their text is random bytes of the right length: nobody reads it here.
    """
    entropy, now = SystemEntropy(), SystemClock().now()
    ends = now + LIFE
    serials = [int.from_bytes(entropy.bytes(7)) + (1 << 60) for _ in range(count)]
    with psycopg.connect(admin) as connection, connection.cursor() as cursor:
        orders = [new_id(entropy) for _ in serials]
        with cursor.copy(
            "COPY issuance (issuance, holder, version, carrier, municipality, abroad,"
            " order_digest, state) FROM STDIN"
        ) as rows:
            for order in orders:
                one = entropy.bytes(32)
                rows.write_row((order, one, 1, "card", "131032", False, one, "issued"))
        with cursor.copy(
            "COPY certificate (ca, serial, generation, issuance, holder, carrier, municipality,"
            " key_hash, not_before, not_after, status, reason, status_at, der) FROM STDIN"
        ) as rows:
            for serial, order in zip(serials, orders, strict=True):
                kept = (*("auth", serial, 1, order, entropy.bytes(32), "card", "131032"),)
                state = ("revoked", "superseded") if _revoked(serial) else ("good", None)
                times = (entropy.bytes(32), now, ends)
                rows.write_row((*kept, *times, *state, now, entropy.bytes(CERTIFICATE_BYTES)))
        cursor.execute("ANALYZE certificate")
    return serials


def _revoked(serial: int) -> bool:
    return serial % REVOKED_EACH == 0


async def _verifier(federation: Federation) -> str:
    path = federation.rooms["jpki"].settings
    settings = load(path, Settings)
    jpki = settings.jpki(
        beside=path, book=federation.book, clock=SystemClock(), entropy=SystemEntropy()
    )
    await jpki.database.open()
    try:
        return (await register(jpki, "bench", ["authentication_verifier"])).reveal()
    finally:
        await jpki.database.close()


def _the(admin: str, query: LiteralString) -> Any:  # noqa: ANN401 - whatever the column holds
    found = _row(admin, query)
    assert found is not None, "there is one"
    return found[0]


def _row(admin: str, query: LiteralString) -> tuple[Any, ...] | None:
    with psycopg.connect(admin) as connection:
        return connection.execute(query).fetchone()


# openssl's responder, in a network of its own: it listens on every interface.


@attrs.frozen
class Peer:
    """`openssl ocsp` with its files, and how it serves best on this machine."""

    folder: Path
    processes: int
    connections: int

    def asked(self, questions: Questions, seconds: float) -> Told:
        """Start it, ask it for so long, and end it with every process that it made."""
        asking = questions.asking(
            f"http://{HOST}:{PORT}/",
            connections=self.connections,
            seconds=seconds,
            authorization="",
        )
        serving = [
            *("openssl", "ocsp", "-port", str(PORT), "-multi", str(self.processes)),
            *("-index", str(self.folder / "index.txt"), "-CA", str(self.folder / "root.pem")),
            *("-rsigner", str(self.folder / "responder.pem"), "-nmin", "60"),
            *("-rkey", str(self.folder / "responder.key")),
        ]
        script = f"{_UP}; {shlex.join(serving)} >/dev/null 2>&1 & {_WAIT}; {shlex.join(asking)}"
        apart = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        told = ask([*apart, *user, "sh", "-c", script], seconds=seconds)
        assert told.bytes > told.answers * ANSWER_BYTES_MIN, "every answer is one"
        return told


def _peer(ours: Served, folder: Path, tell: Tell, *, quick: bool) -> Peer:
    """Give openssl the same certificates and the same key, and find how it serves best."""
    folder.mkdir(mode=0o700)
    label, der = _responder(ours.admin)
    keys = ours.federation.keys["jpki"].secret("authority-keys").reveal()
    locked = ours.federation.folder / "authority-keys" / f"{label}.key"
    key = load_der_private_key(locked.read_bytes(), keys)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "responder.key").write_bytes(plain)
    responder = x509.load_der_x509_certificate(der)
    (folder / "responder.pem").write_bytes(responder.public_bytes(Encoding.PEM))
    (folder / "root.pem").write_bytes(ours.root.public_bytes(Encoding.PEM))
    now = SystemClock().now()
    ends, began = (f"{at:%y%m%d%H%M%SZ}" for at in (now + LIFE, now))
    lines = [
        f"{'R' if _revoked(serial) else 'V'}\t{ends}\t"
        f"{began + ',superseded' if _revoked(serial) else ''}\t{serial:016X}\tunknown\t/C=JP\n"
        for serial in ours.serials
    ]
    (folder / "index.txt").write_text("".join(lines))
    (folder / "index.txt.attr").write_text("unique_subject = no\n")
    cores = multiprocessing.cpu_count()
    tried = [Peer(folder, cores * times, cores * at_once) for times, at_once in PEER_TRIED]
    rates = {one: one.asked(ours.questions["kept"], 1.0) for one in tried[: 1 if quick else None]}
    best = max(rates, key=lambda one: rates[one].answers / rates[one].seconds)
    tell(f"openssl ocsp is at its best with -multi {best.processes}, {best.connections} at once")
    return best


def _responder(admin: str) -> tuple[str, bytes]:
    end = time.monotonic() + RESPONDER_S
    while (found := _row(admin, _RESPONDER)) is None:
        assert time.monotonic() < end, "the room makes its responder when it begins"
        time.sleep(0.1)
    return str(found[0]), bytes(found[1])
