"""From what a settings file says of a room's database to the way in."""

from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld


def is_dsn(content: Withheld[bytes]) -> bool:
    """Say whether libpq can read it; its own complaint would quote what may be a password."""
    try:
        conninfo_to_dict(content.reveal().decode())
    except (psycopg.ProgrammingError, UnicodeDecodeError):
        return False
    return b"\0" not in content.reveal()  # where libpq would stop reading


def reach(database: SecretFile, *, connections: int, pooler: bool, beside: Path) -> Database:
    """Return the database, not opened yet; raises `BadSettings`.

    `pooler`: one stands in front that lends a session for each transaction.
    """
    if connections < 1:
        raise BadSettings("database_connections: at least 1", pointer="database_connections")
    content = database.read(beside=beside)
    if not is_dsn(content):
        raise BadSettings(
            "database: the file holds no DSN, such as host=… dbname=…", pointer="database"
        )
    return Database(Withheld(content.reveal().decode()), pool_max=connections, pooler=pooler)
