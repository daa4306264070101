"""Who may do what in a room's database: the role that serves cannot remove a legal record."""

import psycopg
import pytest
from psycopg import sql

from kumihimo.kernel.migrations import APPEND_ONLY, KEPT

ROOMS = ("gateway", "jpki", "ledger", "linkage", "oversight", "portal", "register", "review")
_RIGHTS = """
SELECT c.relname, p.privilege_type FROM pg_class c, aclexplode(c.relacl) p
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND p.grantee = %s::regrole
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture
def room(new_room, request):
    _, reached = new_room(request.param)
    return reached


every_room = pytest.mark.parametrize("room", ROOMS, indirect=True)


def connect(dsn):
    return psycopg.connect(dsn.reveal(), autocommit=True)


@every_room
def test_the_serving_role_has_the_rights_of_the_table_and_no_others(room):
    with connect(room.owner) as owner:
        tables = {table for (table,) in owner.execute(_TABLES).fetchall()}
        held = {table: set() for table in tables}
        for table, right in owner.execute(_RIGHTS, (room.role,)).fetchall():
            held[table].add(right)
    for table in tables:
        if table == "migration":
            assert held[table] == set()
        elif table in APPEND_ONLY:
            assert held[table] == {"SELECT", "INSERT"}, table
        elif table in KEPT:
            assert held[table] <= {"SELECT", "INSERT", "UPDATE"}, table
        else:
            assert held[table] == {"SELECT", "INSERT", "UPDATE", "DELETE"}, table


@every_room
def test_the_serving_role_can_remove_no_legal_record(room):
    with connect(room.owner) as owner:
        tables = {table for (table,) in owner.execute(_TABLES).fetchall()}
    with connect(room.runtime) as serving:
        for table in sorted(tables & APPEND_ONLY):
            for words in ("DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    serving.execute(sql.SQL(words).format(sql.Identifier(table)))
        for table in sorted(tables & set(KEPT)):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                serving.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


@every_room
def test_neither_role_is_a_superuser_or_can_make_roles_and_the_serving_one_owns_nothing(room):
    with connect(room.owner) as owner:
        powers = owner.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles"
            " WHERE rolname IN (%s, current_user)",
            (room.role,),
        ).fetchall()
        owned = owner.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", (room.role,)
        ).fetchone()
    assert powers == [(False,) * 4] * 2
    assert owned == (0,)


def test_every_table_of_a_gateway_that_belongs_to_institutions_keeps_them_apart(new_room):
    _, reached = new_room("gateway")
    with connect(reached.owner) as owner:
        tenanted = owner.execute(
            "SELECT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_attribute a"
            " ON a.attrelid = c.oid AND a.attname = 'institution' WHERE c.relkind = 'r'"
            " AND c.relnamespace = 'public'::regnamespace"
        ).fetchall()
        policies = {
            table: (command, using, check)
            for table, command, using, check in owner.execute(
                "SELECT tablename, cmd, qual, with_check FROM pg_policies"
            ).fetchall()
        }
    apart = {table for table, on in tenanted if on}
    # A business system shows its token before it is known whose it is.
    assert {table for table, _ in tenanted} - apart == {"client"}
    own = "(institution = current_setting('kumihimo.institution'::text, true))"
    assert policies == dict.fromkeys(apart, ("ALL", own, own))
