"""`kumihimo migrate`: bring a room's database to the form that this program needs."""

from pathlib import Path
from typing import Literal

import psycopg
from cyclopts import App

from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.migrations import MigrationRefused, migrate
from kumihimo.kernel.reaching import is_dsn
from kumihimo.kernel.refusal import BadInput, Conflict, Unavailable
from kumihimo.kernel.settings import BadSettings, SecretFile, load
from kumihimo.kernel.vouching import Voucher
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.oversight.client import PagesSettings, RoomSettings
from kumihimo.run.check_config_cli import settings_form
from kumihimo.run.prove import keys_of
from kumihimo.run.serving import ROOMS

app = App(
    name="migrate",
    help="データベースを準備する。 Bring a room's database to the form that this program needs.",
)


@app.default
def run(
    room: str,
    *,
    owner: Path,
    role: str,
    phase: Literal["all", "pre", "post"] = "all",
    config: Path | None = None,
) -> None:
    """データベースを準備する。 Apply the migrations that a database lacks, and grant rights.

    The database and both roles must be there. What runs the room gets no right to change the
    schema, and none to delete a record.

    Parameters
    ----------
    room
        機関。 agency, cards, gateway, jpki, ledger, linkage, oversight, portal, register
        or review.
    owner
        所有者の DSN を書いたファイル。 A file, readable by you alone, with the DSN of the role
        that owns the database.
    role
        動かすときの役割の名前。 The name of the role that the room runs under.
    phase
        段階。 `pre` before the new program runs, `post` after the old one has gone.
    config
        機関の設定ファイル。 The room's settings file: a room that sees who wrote into its database knows
        by its key that it was you. Without it, it tells oversight.
    """
    if room not in ROOMS:
        names = ", ".join(ROOMS)
        raise BadInput(f"no such room; rooms are {names}", pointer="room")
    voucher, dsn = _voucher(room, config), owner_dsn(owner)
    packages = [f"kumihimo.rooms.{room}"]
    try:
        applied = migrate(dsn, packages, runtime_role=role, phase=phase, voucher=voucher)
    except MigrationRefused as error:
        raise Conflict(str(error)) from None
    except psycopg.OperationalError:
        raise Unavailable(f"{owner}: the database does not answer, or refuses the owner") from None
    except psycopg.errors.UndefinedObject:
        raise BadInput("--role: the database has no such role", pointer="role") from None
    except psycopg.errors.InsufficientPrivilege:
        raise BadInput("--owner: this role does not own the database", pointer="owner") from None
    for name in applied:
        print(f"+ {name}")
    print(f"{room}: 準備できました。 Ready, {len(applied)} migrations applied.")


def _voucher(room: str, config: Path | None) -> Voucher | None:
    if config is None:
        return None
    settings = load(config, settings_form(room))
    assert isinstance(settings, (RoomSettings, PagesSettings)), "every room has a database"
    try:
        return Voucher.of(*keys_of(room, settings, config))
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None


def owner_dsn(path: Path) -> Withheld[str]:
    """Read an owner's DSN from its file; raises `BadSettings`."""
    dsn = SecretFile(str(path.absolute())).read(beside=path)
    if not is_dsn(dsn):
        raise BadSettings(f"{path}: the file holds no DSN, such as host=… dbname=…")
    return Withheld(dsn.reveal().decode())
