"""`kumihimo watch`: let a room see who wrote into its database (decision 0018)."""

from pathlib import Path

import psycopg
from cyclopts import App

from kumihimo.kernel.postgres import let_watch, tells_who_wrote
from kumihimo.kernel.refusal import BadInput, Unavailable
from kumihimo.run.migrate_cli import owner_dsn

app = App(
    name="watch",
    help="誰が書き込んだかを機関が見られるようにする。 Let a room see who wrote into its database.",
)


@app.default
def run(*, superuser: Path, role: str) -> None:
    """誰が書き込んだかを機関が見られるようにする。 Let a room see who wrote into its database.

    The server hands the room numbers of transactions and names of tables, no row. It needs
    wal_level=logical; until it has that, the room goes on without.

    Parameters
    ----------
    superuser
        その機関のデータベースへの、管理者の DSN を書いたファイル。 A file, readable by you alone, with
        the DSN of a superuser in the room's database.
    role
        動かすときの役割の名前。 The name of the role that the room runs under.
    """
    dsn = owner_dsn(superuser)
    try:
        let_watch(dsn, role)
        tells = tells_who_wrote(dsn)
    except psycopg.OperationalError:
        raise Unavailable(f"{superuser}: the database does not answer, or refuses you") from None
    except psycopg.errors.UndefinedObject:
        raise BadInput("--role: the database has no such role", pointer="role") from None
    except psycopg.errors.InsufficientPrivilege:
        raise BadInput("--superuser: this role is no superuser", pointer="superuser") from None
    print("準備できました。 Ready.")
    if not tells:
        print("wal_level: set it to logical, and start the server anew.")
