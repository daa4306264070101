"""Two processes of jpki behind one address: whoever answers, status and record are the same."""

import asyncio

import attrs
import httpx2
import psycopg
import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.settings import load
from kumihimo.rooms.jpki import verifiers
from kumihimo.rooms.jpki.settings import Settings
from kumihimo.run.federation import prepare
from kumihimo.run.loopback import HOST, free_port
from kumihimo.run.plan import Plan
from tests.databases import server_folder
from tests.rooms.jpki.asking import question

CONNECTIONS = 24  # the system deals connections out; one process getting all: once in 8 million


async def registered(federation):
    path = federation.rooms["jpki"].settings
    clock, entropy = SystemClock(), SystemEntropy()
    jpki = load(path, Settings).jpki(
        beside=path, book=federation.book, clock=clock, entropy=entropy
    )
    await jpki.database.open()
    try:
        return (await verifiers.register(jpki, "bank", ["platform_operator"])).reveal()
    finally:
        await jpki.database.close()


def test_two_processes_share_a_port_when_told_to_and_go_on_when_one_is_killed():
    clock, entropy = SystemClock(), SystemEntropy()
    with server_folder() as folder:
        postgres = EmbeddedPostgres.start(folder / "postgres", entropy=entropy, durable=False)
        rooms = []
        try:
            plan = Plan(gateways={}, assessed={})
            made = prepare(folder / "rooms", plan, postgres=postgres, clock=clock, entropy=entropy)
            first = made.rooms["jpki"]
            rooms = [made.rooms["oversight"], first, attrs.evolve(first)]
            for room in rooms[:2]:
                room.start()
                room.wait()
            rooms[2].start()
            with pytest.raises(Unavailable, match="in use"):  # not told to share
                rooms[2].wait()
            for room in rooms[1:]:
                room.stop()
            port = free_port()
            text = first.settings.read_text()
            more = f'share_port = true\nocsp_listen = "{HOST}:{port}"\n'
            first.settings.write_text(more + text)
            for room in rooms[1:]:
                room.start()
                room.wait()
            token = asyncio.run(registered(made))
            admin = postgres.admin("kumihimo_jpki").reveal()
            with psycopg.connect(admin, autocommit=True) as database:
                root = database.execute("SELECT der FROM authority WHERE ca = 'sign'").fetchone()
                assert root is not None
                der = question(4711, x509.load_der_x509_certificate(root[0]))
                assert answers(port, token, der) == {"UNKNOWN"}
                count = "SELECT count(*) FROM status_check"
                assert database.execute(count).fetchone() == (CONNECTIONS,)
                rooms[2].kill()
                assert answers(port, token, der) == {"UNKNOWN"}
                assert database.execute(count).fetchone() == (2 * CONNECTIONS,)
        finally:
            for room in rooms:
                room.stop()
            postgres.stop()


def answers(port, token, der):
    """Ask on as many new connections; return what was told."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/ocsp-request"}
    told = set()
    for _ in range(CONNECTIONS):
        found = httpx2.post(
            f"http://{HOST}:{port}/ocsp", content=der, headers=headers, trust_env=False
        )
        told.add(ocsp.load_der_ocsp_response(found.content).certificate_status.name)
    return told
