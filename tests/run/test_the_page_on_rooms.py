"""`docs/how-to/run-rooms.md`, followed from top to bottom with a PostgreSQL of one's own.

What a reader fills in is filled in: passwords, the pinned key, and ports that are free here.
"""

import io
import json
import re
import signal
import subprocess
from contextlib import ExitStack, contextmanager, redirect_stdout

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from kumihimo.run.cli import build, run
from kumihimo.run.loopback import free_port
from tests.databases import own_server
from tests.run.pages import ROOT, blocks, place, type_block

PAGE = "how-to/run-rooms.md"
TEXT = (ROOT / "docs" / PAGE).read_text("utf-8")
PASSWORD = "a password"
TOWN = "lg-131032"
ROOMS = ("oversight", "linkage", "register", "ledger", "jpki", "gateway")
STOP_LIMIT_S = 30


class Reader:
    """Who follows the page in a folder of her own, beside her PostgreSQL."""

    def __init__(self, folder, postgres):
        self.folder = folder
        self.postgres = postgres
        self.ports = {}
        self.pinned = ""

    def type(self, block):
        return type_block(block, self.folder)

    def other(self, *words):
        """Type a command of the page for one more room, in this process: it is quicker."""
        said = io.StringIO()
        with redirect_stdout(said):
            assert run(build(), [str(word) for word in words]) == 0, words
        return said.getvalue()

    def make_database(self, room):
        """Do what section 1 says, with a room's name in the place of oversight's."""
        [statements] = blocks(PAGE, "sql")
        with psycopg.connect(self.postgres.admin("postgres").reveal(), autocommit=True) as admin:
            for statement in statements.replace("…", PASSWORD).split(";\n"):
                admin.execute(statement.replace("oversight", room).encode())
        [dsn] = re.findall(r"`(host=.*? dbname=oversight .*?)`", TEXT)
        port = conninfo_to_dict(self.postgres.admin("postgres").reveal())["port"]
        for role in (f"{room}_owner", room):
            own = dsn.replace("oversight_owner", role).replace("oversight", room)
            file = self.folder / f"{role.replace('_', '-')}.dsn"
            file.touch(mode=0o600)
            file.write_text(own.replace("…", f"'{PASSWORD}'") + f" port={port}\n")

    def write_settings(self, name, settings):
        """Write a settings file of the page, its gaps filled in."""

        def port(found):
            return f"127.0.0.1:{self.ports.setdefault(found[1], free_port())}"

        filled = re.sub(r"127\.0\.0\.1:(\d+)", port, settings.replace("…", self.pinned))
        (self.folder / f"{name}.toml").write_text(filled)

    def enrol(self, party, kind):
        """Enrol one more party, as the page enrols the core."""
        key, entry = self.folder / f"{party}.key", self.folder / f"{party}.json"
        self.other("keys", "new", key)
        entry.write_text(self.other("keys", "entry", party, key, "--kind", kind))
        operator, config = self.folder / "operator.key", self.folder / "oversight.toml"
        self.other("oversight", "enrol", entry, "--operator", operator, "--config", config)

    @contextmanager
    def at_work(self, block):
        """Type a block whose last command goes on until the end; wait for its `ready:`."""
        with (
            (self.folder / "log").open("a") as log,
            subprocess.Popen(
                ["bash", "-eu", "-c", block],
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            ) as running,
        ):
            try:
                lines = iter(running.stdout or ())
                assert any(line.startswith("ready: ") for line in lines), block
                yield
            finally:
                running.send_signal(signal.SIGTERM)
                running.wait(STOP_LIMIT_S)


@pytest.fixture
def reader(tmp_path):
    with own_server() as postgres:
        yield Reader(place(tmp_path), postgres)


def settings_of(name):
    """Return the settings file that the page gives for a room."""
    return next(block for block in blocks(PAGE, "toml") if f'"{name}.dsn"' in block)


def test_every_block_can_be_typed_as_it_stands(reader):
    migrate, keys, begin, enrol, core, client, designate, ceremony, *rest = blocks(PAGE)
    verifiers, receivers, change, rewrite = rest
    for room in ROOMS:
        reader.make_database(room)
    assert "0001_oversight" in reader.type(migrate)
    for room in ROOMS[1:]:
        owner = reader.folder / f"{room}-owner.dsn"
        reader.other("migrate", room, "--owner", owner, "--role", room)
    [reader.pinned] = re.findall(r"^[0-9a-f]{64}$", reader.type(keys), re.MULTILINE)
    for room in ("oversight", "linkage", "gateway", "jpki"):
        reader.write_settings(room, settings_of(room))
    for room in ("register", "ledger"):
        reader.write_settings(room, settings_of("linkage").replace('"linkage.', f'"{room}.'))
    with ExitStack() as open_ones:
        open_ones.enter_context(reader.at_work(begin))
        assert "linkage\tlinkage\tactive" in reader.type(enrol)
        for room in ("register", "ledger", "jpki"):
            reader.enrol(room, room)
        reader.enrol(TOWN, "institution")
        open_ones.enter_context(reader.at_work(core))
        assert re.fullmatch(r"[\w-]{43}\n", reader.type(client))
        assert "0" in reader.type(designate)
        reader.type(ceremony)
        assert "鈴木 一郎" in (reader.folder / "ceremony.txt").read_text()
        told = reader.type(verifiers)
        assert re.search(r"bank-of-minato.*signature_verifier", told)
        assert re.fullmatch(r"[\w-]{43}", reader.type(receivers).splitlines()[-1])
        assert reader.type(change)
        assert "written anew" in reader.type(rewrite)


def test_an_institutions_entry_says_when_its_assessment_was_published(tmp_path):
    [line] = re.findall(r"`(\./kumihimo keys entry lg-\d+ .*?)`", TEXT)
    told = type_block(f"./kumihimo keys new {TOWN}.key\n{line}\n", place(tmp_path))
    entry = json.loads(told[told.index("{") :])
    assert entry["pia_published_on"] == "2026-01-01"
