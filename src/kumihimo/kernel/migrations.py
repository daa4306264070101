"""Plain SQL migrations, run by the database's owner; the runtime role owns nothing.

A room's migrations are `NNNN_name.pre.sql` (before the new code runs) and `NNNN_name.post.sql`
(after the old code has gone), in its package's `migrations` folder. The kernel's own come first.
Each file runs in one transaction, once; a file that changed after it ran is refused.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from time import sleep
from typing import Final, LiteralString

import attrs
import psycopg
from psycopg import sql

from kumihimo.kernel.vouching import Voucher
from kumihimo.kernel.withheld import Withheld

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.(pre|post)\.sql")
# How long a table in use is waited for, at each try. Behind a migration that waits every later query of
# the table waits too; and one that has a table and waits for another is let go before the server looks
# for who wait for each other (deadlock_timeout, a second), for it might break off a room. Only the last
# waits long enough that the server ends its own tidying of the table. Our choice.
_LOCK_WAITS = (*("300ms",) * 10, "10s")
_PAUSE_S = 0.2
_IN_USE = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_LOCK = 0x6B756D69  # "kumi": one runner at a time for each database
KERNEL = "kumihimo.kernel"


class MigrationRefused(Exception):
    """The database and the migrations do not fit together; nothing was changed."""


@attrs.frozen
class Migration:
    """One file: its place in the order, its text and its fingerprint."""

    package: str
    name: str
    text: str

    @property
    def digest(self) -> bytes:
        """Return the fingerprint that tells whether a file changed after it ran."""
        return hashlib.sha256(self.text.encode()).digest()


def load(package: str) -> list[Migration]:
    """Read a package's migrations in order; raises `MigrationRefused` for a bad name or a gap."""
    folder = files(package) / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    numbers: list[int] = []
    for name in names:
        matched = _NAME.fullmatch(name)
        if matched is None:
            raise MigrationRefused(f"{package}: {name} is not NNNN_name.pre.sql or .post.sql")
        numbers.append(int(matched[1]))
    if sorted(set(numbers)) != list(range(1, len(set(numbers)) + 1)):
        raise MigrationRefused(f"{package}: the numbers of the migrations have a gap")
    return [Migration(package, name, (folder / name).read_text("utf-8")) for name in names]


def migrate(
    owner: Withheld[str],
    packages: Sequence[str],
    *,
    runtime_role: str,
    phase: str = "all",
    voucher: Voucher | None = None,
) -> list[str]:
    """Apply what is missing to one database; returns the names of what was applied.

    `owner` is the DSN of the owning role; `packages` come after the kernel's own migrations;
    `phase` is `pre`, `post` or `all`. The runtime role gets rights on what the files leave behind
    by `_grant`: read and write on rows, no DELETE on records and journal, nothing on the schema.
    A room that sees who wrote tells of what the files wrote unless `voucher` is its own.
    """
    applied: list[str] = []
    with psycopg.connect(owner.reveal(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (package text, name text, digest bytea NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (package, name))"
        )
        _refuse_unknown(connection, packages)  # before anything is done to a database of others
        for migration in [m for p in (KERNEL, *packages) for m in load(p)]:
            wanted = phase == "all" or f".{phase}." in migration.name
            if wanted and _apply(connection, migration, voucher):
                applied.append(f"{migration.package}/{migration.name}")
        _grant(connection, runtime_role)
    return applied


def _apply(connection: psycopg.Connection, migration: Migration, voucher: Voucher | None) -> bool:
    found = connection.execute(
        "SELECT digest FROM migration WHERE package = %s AND name = %s",
        (migration.package, migration.name),
    ).fetchone()
    if found is not None:
        if found[0] != migration.digest:
            raise MigrationRefused(
                f"{migration.package}/{migration.name} changed after it was applied;"
                " write a new migration instead"
            )
        return False
    for wait in _LOCK_WAITS[:-1]:
        with suppress(*_IN_USE):
            _run(connection, migration, voucher, wait)
            return True
        sleep(_PAUSE_S)
    try:
        _run(connection, migration, voucher, _LOCK_WAITS[-1])
    except _IN_USE as error:
        raise MigrationRefused(
            f"{migration.package}/{migration.name} waited {_LOCK_WAITS[-1]} for a table in use;"
            " nothing of it was done, run it again"
        ) from error
    return True


def _run(
    connection: psycopg.Connection, migration: Migration, voucher: Voucher | None, wait: str
) -> None:
    """Do all of a migration or nothing; raises one of `_IN_USE` where it waited so long for a table."""
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (wait,))
        connection.execute(migration.text.encode())
        connection.execute(
            "INSERT INTO migration (package, name, digest) VALUES (%s, %s, %s)",
            (migration.package, migration.name, migration.digest),
        )
        if voucher is not None:
            number = "SELECT pg_current_xact_id()::text::bigint"
            [transaction] = connection.execute(number).fetchone() or (0,)
            connection.execute(voucher.statement(transaction).encode())


def _refuse_unknown(connection: psycopg.Connection, packages: Sequence[str]) -> None:
    known = {(m.package, m.name) for p in (KERNEL, *packages) for m in load(p)}
    rows = connection.execute("SELECT package, name FROM migration").fetchall()
    unknown = [f"{package}/{name}" for package, name in rows if (package, name) not in known]
    if unknown:
        raise MigrationRefused(f"the database is newer than this program: {', '.join(unknown)}")


def _grant(connection: psycopg.Connection, role: str) -> None:
    name = sql.Identifier(role)
    tables = connection.execute(
        # Who may read and write a whole table needs no right to a part of it, and gets none.
        "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v') AND NOT relispartition"
    ).fetchall()
    for table, kind in tables:
        if table == "migration":
            continue
        rights = "SELECT, INSERT" if table in APPEND_ONLY else KEPT.get(table, EVERY_ROW)
        if kind == "v":
            rights = "SELECT"
        _give(connection, sql.Identifier(table), rights, name)
    connection.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(name))


def _give(
    connection: psycopg.Connection, where: sql.Identifier, rights: LiteralString, to: sql.Identifier
) -> None:
    """Give rights on a table, and take those that it had: it may have come under protection.

    The server does not lock a table whose rights change: a room that makes the part for its first
    month meanwhile would end this with "tuple concurrently updated".
    """
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_WAITS[-1],))
            connection.execute(
                sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(where)
            )
            connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(where, to))
            connection.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), where, to))
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationRefused(
            f"{where.as_string()} was in use for {_LOCK_WAITS[-1]}, so rights on it are as they were;"
            " run it again"
        ) from error


EVERY_ROW: Final = "SELECT, INSERT, UPDATE, DELETE"

# Records that must outlive their code's key: a change of key rewrites the code and nothing else.
# An end that waited for a person is replaced by the decision. How long what is kept is the law's.
KEPT: Final[Mapping[str, LiteralString]] = {
    "record": "SELECT, INSERT, UPDATE (person, version)",
    "record_end": "SELECT, INSERT, UPDATE",
    "person_chain": "SELECT, INSERT, UPDATE (person, version, number, head, head_at)",
    "person_link": "SELECT, INSERT, UPDATE (place)",
    "kept_statement": "SELECT, INSERT, UPDATE",
    "issuance": "SELECT, INSERT, UPDATE (state, refusal, awaits_delivery)",
    "intent": "SELECT, INSERT, UPDATE (tbs)",
    "application": "SELECT, INSERT, UPDATE",
    "card": "SELECT, INSERT, UPDATE",
    "photo": "SELECT, INSERT, UPDATE",
    "certificate_order": "SELECT, INSERT, UPDATE (state)",
    "counter_session": "SELECT, INSERT, UPDATE",
    "incident": "SELECT, INSERT, UPDATE (state, closed_on)",
    "certificate": "SELECT, INSERT, UPDATE (status, reason, status_at, predecessor)",
    "verifier_user": "SELECT, INSERT, UPDATE (linked_on, deleted)",
    "verification": "SELECT, INSERT, UPDATE (linked)",
    "consent": "SELECT, INSERT, UPDATE (withdrawn_on, withdrawn_by)",
    "exchange_said": "SELECT, INSERT, UPDATE",
    "suspension": "SELECT, INSERT, UPDATE (state, settled_at, detail_locked, followed_up_at)",
    "notice": "SELECT, INSERT, UPDATE (state, sent_at, sent_by)",
    "record_tag": "SELECT, INSERT, UPDATE (tag)",
    "notice_sent": "SELECT, INSERT, UPDATE (state, sealed)",
    "portal_notice": "SELECT, INSERT, UPDATE (state, sealed, person, version)",
    "delegation": "SELECT, INSERT, UPDATE (person, version, proxy_tag, ended_on)",
    "leak_case": "SELECT, INSERT",
    "mislink": "SELECT, INSERT, UPDATE (persons)",
    "link_check": "SELECT, INSERT, UPDATE",
    "leak_clock": "SELECT, INSERT, UPDATE (closed_at, raised)",
    "audit_run": "SELECT, INSERT, UPDATE (rows_loaded)",
    "pattern_line": "SELECT, INSERT, UPDATE (rows_found)",
    "check_taken": "SELECT, INSERT, UPDATE (taken_until, whole)",
    "doubt": "SELECT, INSERT, UPDATE (state, settled_at)",
    "item": "SELECT, INSERT, UPDATE",
    "look": "SELECT, INSERT, UPDATE (number_locked, taken_back)",
    "link_effect": "SELECT, INSERT, UPDATE (state, reason, ended_at, correction_locked)",
    "tally": "SELECT",
    "question": "SELECT, INSERT, UPDATE (state)",
    "claim": "SELECT, INSERT, UPDATE",
    "objection": "SELECT, INSERT, UPDATE (decision, answer_sealed, answered_on)",
    "retention": "SELECT",
    "leaf_batch": "SELECT, INSERT, UPDATE (first)",
    "journal_anchor": "SELECT, INSERT, UPDATE (place)",
    "witnessed": "SELECT, INSERT, UPDATE (size, root, note, at)",
}

# Legal records and evidence: nobody who serves requests can change or remove them, but for what is
# over its time (`kernel/retention.py`).
APPEND_ONLY = frozenset(
    {
        "journal",
        "evidence",
        "exchange",
        "exchange_terms",
        "exchange_record",
        "directory_version",
        "resident_code",
        "resident_event",
        "individual_number",
        "jpki_holder",
        "authority",
        "crl",
        "status_check",
        "lookup",
        "withdrawal",
        "attribute_answer",
        "list_fetch",
        "verifier_certificate",
        "dropped_order",
        "strict_inquiry",
        "register_inquiry",
        "card_act",
        "card_count",
        "viewing",
        "check_finding",
        "consequence",
        "link_finding",
        "leak_report",
        "mislink_report",
        "log_batch",
        "log_node",
        "log_submission",
        "log_cosignature",
        "two_histories",
        "delegated_act",
    }
)
