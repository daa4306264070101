"""From what a settings file says of a room's database to the way in."""

from pathlib import Path

from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.sql import Database, is_dsn
from kumihimo.kernel.withheld import Withheld


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
