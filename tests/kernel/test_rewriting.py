"""Tables that name people are written anew in random order, by their owner and nobody else."""

import psycopg
import pytest

from kumihimo.kernel import rewriting
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway.locked import IN_RANDOM_ORDER

PEOPLE = [f"{who * 7919 % 97:022}" for who in range(40)]
_CLUSTERED = (
    "SELECT DISTINCT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
    " AND a.attname IN ('person', 'person_tag')"
)


@pytest.fixture
def reached(new_room):
    _, found = new_room("gateway")
    with psycopg.connect(found.owner.reveal(), autocommit=True) as owner:
        for person in PEOPLE:
            owner.execute("INSERT INTO person VALUES ('lg-1', %s, NULL, NULL, 'NONE', '', '')",
                          (person,))  # fmt: skip
    return found


def order(reached):
    with psycopg.connect(reached.owner.reveal()) as owner:
        return [person for (person,) in owner.execute("SELECT person FROM person").fetchall()]


def test_after_it_the_order_of_rows_is_that_of_their_random_ids(reached):
    assert order(reached) == PEOPLE
    rewriting.rewrite(reached.owner, IN_RANDOM_ORDER)
    assert order(reached) == sorted(PEOPLE)


def test_every_table_that_names_people_is_among_them(reached):
    with psycopg.connect(reached.owner.reveal()) as owner:
        named = {table for (table,) in owner.execute(_CLUSTERED).fetchall()}
    assert named == set(IN_RANDOM_ORDER)


def test_the_serving_role_may_not(reached):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rewriting.rewrite(reached.runtime, IN_RANDOM_ORDER)


def test_a_table_in_use_is_left_as_it_is(reached, monkeypatch):
    monkeypatch.setattr(rewriting, "_LOCK_WAIT", "50ms")
    with psycopg.connect(reached.runtime.reveal()) as reader:
        reader.execute("SELECT person FROM person")
        with pytest.raises(Unavailable, match="person is in use"):
            rewriting.rewrite(reached.owner, IN_RANDOM_ORDER)
    assert order(reached) == PEOPLE
