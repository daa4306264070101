"""Writing tables anew in the order of an index, by the database's owner.

A dump shows a table's rows in the order in which they were written. Where rows name people, that is
the order in which they came, and two offices may have been visited in one order. In the order of
random ids it tells nothing.
"""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import sql

from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.withheld import Withheld

_LOCK_WAIT: Final = "10s"  # our choice, as for a migration: later queries wait behind ours


def rewrite(owner: Withheld[str], indexes: Mapping[str, str]) -> None:
    """Write each table in the order of its index; nobody uses the table meanwhile.

    Raises `Unavailable` when a table stays in use: those before it are done, it may be run again.
    """
    with psycopg.connect(owner.reveal(), autocommit=True) as connection:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (_LOCK_WAIT,))
        for table, index in indexes.items():
            statement = sql.SQL("CLUSTER {} USING {}")
            try:
                connection.execute(statement.format(sql.Identifier(table), sql.Identifier(index)))
            except psycopg.errors.LockNotAvailable as error:
                raise Unavailable(f"the table {table} is in use; run it again") from error
