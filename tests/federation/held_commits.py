"""Holds a room right after a commit of its own: on the disk, and nobody has been told.

PostgreSQL does it, and no room knows. A transaction that touches the watched table asks for the
word of a standby that does not exist, so it waits after its commit is on the disk and before its
client hears of it. Who is killed in that wait dies between commit and answer.
"""

import time
from contextlib import contextmanager

import attrs
import psycopg
from psycopg import sql

from tests.federation.standing import connect, value

HELD_WITHIN_S = 60.0


@attrs.frozen
class Point:
    """A commit that matters: in whose database, which change, and who has not heard of it then.

    `unheard` is asked at `elsewhere` while the room is dead; `asked` are the inquiries under way.
    """

    room: str
    table: str
    event: str
    elsewhere: str
    unheard: str


class Commits:
    """The commits of a federation's rooms, by its PostgreSQL's superuser."""

    def __init__(self, server):
        self._server = server
        # Everybody else is content with this server's own disk, as without any standby.
        self._alter("SET synchronous_commit = 'local'")

    @contextmanager
    def held(self, point):
        """Hold every commit that makes this change until the block ends."""
        with self.connect(point.room) as connection:
            connection.execute(
                "CREATE OR REPLACE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM set_config('synchronous_commit', 'on', true); RETURN NULL; END $$"
            )
            connection.execute(
                sql.SQL(
                    "CREATE TRIGGER hold_commit AFTER {} ON {} FOR EACH ROW"
                    " EXECUTE FUNCTION hold_commit()"
                ).format(sql.SQL(point.event), sql.Identifier(point.table))
            )
        self._alter("SET synchronous_standby_names = 'nobody'")
        try:
            yield
        finally:
            self._alter("RESET synchronous_standby_names")
            with self.connect(point.room) as connection:
                connection.execute(
                    sql.SQL("DROP TRIGGER hold_commit ON {}").format(sql.Identifier(point.table))
                )

    def wait(self, point):
        """Return when a commit is held there."""
        deadline = time.monotonic() + HELD_WITHIN_S
        while not self._waiting(point):
            assert time.monotonic() < deadline, f"no commit came to {point.table}"
            time.sleep(0.01)

    def orphan(self, point):
        """End the database's side of the connections of a room that was killed."""
        with self.connect(point.room) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def value(self, room, query, params=()):
        return value(self._server, room, query, params)

    def connect(self, room):
        return connect(self._server, room)

    def _waiting(self, point):
        return self.value(
            point.room,
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event = 'SyncRep' AND datname = current_database()",
        )

    def _alter(self, what):
        dsn = self._server.admin("postgres").reveal()
        with psycopg.connect(dsn, autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM {what}".encode())
            admin.execute("SELECT pg_reload_conf()")
