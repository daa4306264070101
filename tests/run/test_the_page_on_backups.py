"""`docs/how-to/back-up-and-restore.md`, followed with a server whose disk is then lost.

A street of rooms works on the server. Two inquiries are acknowledged, with a moment in between. What is
restored is held against the log: to the end, to the moment, and without the newest of the log.
"""

import asyncio
import re
import shutil
import subprocess
import time
from contextlib import closing
from datetime import timedelta

import attrs
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.leaves import settle
from kumihimo.kernel.postgres import EmbeddedPostgres, binaries, unprivileged
from kumihimo.kernel.settings import environment_with
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.oversight.client import anchoring
from kumihimo.run.loopback import free_port
from kumihimo.run.prove import Report, tell_room
from tests.databases import Databases, server_folder
from tests.federation.street import Street
from tests.rooms.linkage.test_inquiries import made, put
from tests.run.pages import blocks

PAGE = "how-to/back-up-and-restore.md"
# A folder of such a name has no socket that clients could name: whichever server has the port is asked.
BY_PORT = "server,by-port"
IN_TIME_S = 240
ROLE, SYNCHRONOUS, IN_FORCE = blocks(PAGE, "sql")
[SERVER] = blocks(PAGE, "sh")
ONCE, ALWAYS, NIGHTLY, TIDY, RESTORE, _ = blocks(PAGE)
[MOMENT] = blocks(PAGE, "conf")


class Operator:
    """Who follows the page on the second machine, by the account of PostgreSQL."""

    def __init__(self, folder, server):
        self.folder, self.server = folder / "second", server
        self.folder.mkdir()
        (self.folder / "server.env").write_text(SERVER.replace("5432", str(server.port)))
        password = self.folder / "pgpass"
        password.touch(mode=0o600)
        password.write_text(f"127.0.0.1:{server.port}:*:backup:secret\n")
        for path in (self.folder, *self.folder.iterdir()):
            shutil.chown(path, unprivileged() or path.owner())
        self.restored = []

    def start(self, block, **more):
        return subprocess.Popen(
            ["bash", "-eu", "-c", block],
            cwd=self.folder,
            user=unprivileged(),
            env=environment_with(PATH=f"{binaries()}:/usr/bin:/bin"),
            **more,
        )

    def type(self, block):
        with self.start(block, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as shell:
            said = shell.communicate(timeout=IN_TIME_S)[0]
        assert shell.returncode == 0, f"{block}\n{said}"
        return said

    def superuser(self, statements):
        """Run statements; returns the rows of the last."""
        with psycopg.connect(self.server.admin("postgres").reveal(), autocommit=True) as admin:
            told = None
            for statement in statements.removesuffix(";\n").split(";\n"):
                told = admin.execute(statement.replace("…", "secret").encode())
            return told.fetchall() if told is not None and told.description else []

    def wait_until_synchronous(self):
        """Ask as the page says; PostgreSQL obeys once its checkpointer has read the settings, too."""
        until = time.monotonic() + IN_TIME_S
        while self.superuser(IN_FORCE) != [("sync",)]:
            assert time.monotonic() < until, "the second machine never became synchronous"
        self.superuser("CHECKPOINT")

    def restore(self, name, port, more=""):
        """Type the page's section 5, into a folder of this name."""
        block = re.sub(r"base/[\d-]+ ", "base/20* ", RESTORE).replace("5432", str(port))
        block = block.replace("END\ntouch", f"{more}END\ntouch").replace("restored", name)
        block = block.replace("sleep 1", "sleep 0.1")
        # Started by hand it would outlive this test, should it be killed.
        self.restored.append(name)
        self.type(block)

    def stop(self):
        for name in self.restored:
            self.type(f"pg_ctl --pgdata={name} --mode=immediate stop")


@attrs.define
class Town:
    """The rooms, the second machine, and the moment between two acknowledged inquiries."""

    street: Street
    operator: Operator
    run: asyncio.Runner
    moment: str = ""

    async def live(self, anchors):
        street, core = self.street, self.street.linkage.core
        for _ in range(2):
            if self.moment == "":
                self.moment = "before"
            else:
                [(self.moment,)] = self.operator.superuser("SELECT clock_timestamp()::text")
                self.operator.superuser("SELECT pg_switch_wal()")
            await put(street, await made(street))
            street.clock.advance(timedelta(minutes=1))
            await settle(core.database, street.linkage.log, street.clock)
            await anchors.run_once()

    def proven(self, port=None):
        """Hold the core's database, on the server at a port, against the ledger's log."""

        async def proven():
            own, report = self.street.linkage.core.database, Report()
            database = own if port is None else Database(at(own._dsn, port), pool_max=2)
            await database.open()
            voices = [self.street.caller("linkage")]
            await tell_room(report, "linkage", database, voices, clock=self.street.clock)
            if port is not None:
                await database.close()
            return report

        return self.run.run(proven())


def at(dsn, port):
    return Withheld(make_conninfo(dsn.reveal(), host="127.0.0.1", port=port))


@pytest.fixture(scope="module")
def town():
    """Let the town live, and lose the server's disk; then restore everything, to the end."""
    with server_folder() as folder, asyncio.Runner() as run:
        server = EmbeddedPostgres.start(folder / BY_PORT, entropy=SystemEntropy())
        operator, street = Operator(folder, server), Street()
        receiver = None
        try:
            operator.superuser(ROLE)
            operator.type(ONCE)
            receiver = operator.start(ALWAYS.replace("pg_receivewal", "exec pg_receivewal"))
            with closing(Databases(server)) as databases:
                run.run(street.start(databases.make))
            operator.type(NIGHTLY)
            operator.type(TIDY)
            operator.superuser(SYNCHRONOUS)
            operator.wait_until_synchronous()
            town = Town(street, operator, run)
            database = street.linkage.core.database
            run.run(town.live(anchoring("linkage", database, street.caller("linkage"))))
            server.kill()
            shutil.rmtree(server.folder)
            receiver.terminate()  # it would wait for the server to come back
            receiver.wait(IN_TIME_S)
            operator.restore("everything", server.port)
            yield town
        finally:
            run.run(street.stop())
            server.stop()
            operator.stop()
            if receiver is not None:
                receiver.kill()
                receiver.wait()


def test_a_server_whose_disk_was_lost_lost_nothing_that_was_acknowledged(town):
    report = town.proven()
    assert report.complete, report.lines
    assert any("All 4 leaves" in line for line in report.lines)


def test_what_is_restored_to_a_moment_says_which_inquiry_it_lacks(town):
    port = free_port()
    target = re.sub(r"'20[^']*'", f"'{town.moment}'", MOMENT)
    town.operator.restore("moment", port, target)
    report = town.proven(port)
    assert not report.complete
    lost = [line for line in report.lines if "MISSING HERE" in line]
    assert len(lost) == 2
    assert any("1 x 提供等の記録 exchange records, 項目 entries 2-2" in line for line in lost)
    assert any("heads of the journal" in line for line in lost)


def test_a_segment_of_the_log_that_was_lost_is_told_as_what_it_held(town):
    wal = town.operator.folder / "wal"
    [newest] = wal.glob("*.partial")
    newest.rename(wal / "lost")
    port = free_port()
    town.operator.restore("shorter", port)
    (wal / "lost").rename(newest)
    report = town.proven(port)
    assert not report.complete
    assert any("1 x 提供等の記録" in line for line in report.lines)


@pytest.mark.parametrize(
    ("table", "key"), [("exchange", "record"), ("exchange_terms", "terms")], ids=["row", "words"]
)
def test_a_row_that_is_taken_out_after_the_restore_is_missed(town, table, key):
    name = f"kumihimo_{town.street.linkage_name}"
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key)}
    with psycopg.connect(town.operator.server.admin(name).reveal(), autocommit=True) as admin:

        def say(text):
            admin.execute(sql.SQL(text).format(**names))

        say("CREATE TABLE kept AS SELECT * FROM {table} LIMIT 1")
        say("DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM kept)")
        report = town.proven()
        say("INSERT INTO {table} SELECT * FROM kept")
        say("DROP TABLE kept")
    assert not report.complete
    assert any("their leaves are here" in line for line in report.lines)
