"""A pooler in front of the tests' own server, told what the cluster's is told."""

import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kumihimo.kernel.postgres import unprivileged
from kumihimo.kernel.withheld import Withheld
from kumihimo.run.cluster import texts
from kumihimo.run.cluster.parts import Part, own
from kumihimo.run.loopback import HOST, free_port
from kumihimo.run.system_packages import ensure_servers
from tests.databases import server_folder

READY_WITHIN_S = 60


@contextmanager
def pooler_to(dsn, change=lambda text: text):
    """Run a pooler for one role until the block ends; gives that role's DSN through it."""
    told, user = conninfo_to_dict(dsn.reveal()), unprivileged()
    with server_folder() as folder:
        users, settings = folder / "users", folder / "pgbouncer.ini"
        users.write_text(f'"{told["user"]}" "{told["password"]}"\n')
        port = free_port()
        text = texts.pgbouncer((HOST, port), (HOST, int(told["port"] or 0)), str(users))
        settings.write_text(change(text))
        for path in (folder, users, settings):
            own(Path(path), user)
        part = Part("pgbouncer", ensure_servers()["pgbouncer"], [settings.name], folder, user)
        part.start()
        try:
            through = Withheld(make_conninfo(dsn.reveal(), host=HOST, port=port))
            _wait(part, through)
            yield through
        finally:
            part.kill()


def _wait(part, dsn):
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        part.require()
        try:
            psycopg.connect(dsn.reveal()).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "no pooler answers"
            time.sleep(0.02)
        else:
            return
