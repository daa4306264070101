"""Databases of rooms for tests: a room is migrated once, and each test gets a copy of its own.

Copies of a room have the same two roles. The files of a copy go when the test is over, so that the
server ends at once and not after it has put hundreds of databases in order.
"""

from contextlib import contextmanager
from itertools import count

import attrs
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.withheld import Withheld

COPY = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY OWNER {}"


def within(dsn, database):
    return Withheld(make_conninfo(dsn.reveal(), dbname=database))


class Databases:
    """The rooms' databases on one server."""

    def __init__(self, server):
        self._server = server
        self._migrated = {}
        self._names = count()

    def make(self, room):
        """Make a migrated database under a name that no other has; returns it and its ways in."""
        if room not in self._migrated:
            name, packages = f"migrated_{room}", [f"kumihimo.rooms.{room}"]
            self._migrated[room] = self._server.room(name, packages, entropy=SystemEntropy())
        known, name = self._migrated[room], f"{room}_{next(self._names)}"
        database = f"kumihimo_{name}"
        copy, role = sql.Identifier(database), sql.Identifier(known.role)
        copied, owner = f"kumihimo_{known.role}", f"{known.role}_owner"
        with self._admin() as admin:
            admin.execute(sql.SQL(COPY).format(copy, *map(sql.Identifier, (copied, owner))))
            # What a template may is not copied: `EmbeddedPostgres.room` grants the same.
            nobody = "REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC"
            admin.execute(sql.SQL(nobody).format(copy))
            admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(copy, role))
        reached = attrs.evolve(
            known, owner=within(known.owner, database), runtime=within(known.runtime, database)
        )
        return name, reached

    @contextmanager
    def lent(self):
        """Give `make`, and drop what it made when the block ends."""
        made = []

        def make(room):
            name, reached = self.make(room)
            made.append(name)
            return name, reached

        try:
            yield make
        finally:
            for name in made:
                self._drop(name)

    def _drop(self, name):
        """Remove a database, whoever is still connected to it."""
        dropped = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        with self._admin() as admin:
            admin.execute(dropped.format(sql.Identifier(f"kumihimo_{name}")))

    def _admin(self):
        return psycopg.connect(self._server.admin("postgres").reveal(), autocommit=True)
