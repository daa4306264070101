"""A superuser's look into each room's database, beside the room and without any of its code."""

from collections.abc import Callable, Mapping
from typing import LiteralString, TypeVar

import attrs
import psycopg
from psycopg.rows import class_row

from kumihimo.kernel.withheld import Withheld

T = TypeVar("T")


@attrs.define
class Eyes:
    """One connection for each room, which sees what is committed. `names` has the databases."""

    admin: Callable[[str], Withheld[str]]
    names: Mapping[str, str]
    open: dict[str, psycopg.Connection] = attrs.field(factory=dict[str, psycopg.Connection])

    def rows(self, party: str, sql: LiteralString, kind: type[T], *, after: int = 0) -> list[T]:
        """Return what a query finds in a room's database."""
        if party not in self.open:
            reached = self.admin(f"kumihimo_{self.names[party]}").reveal()
            self.open[party] = psycopg.connect(reached, autocommit=True)
        with self.open[party].cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(sql, {"after": after}).fetchall()

    def close(self) -> None:
        """Look no more."""
        for connection in self.open.values():
            connection.close()
