"""An audit becomes the queue once; a newer one closes what is gone and begins anew what changed."""

from datetime import timedelta

import attrs
import psycopg
import pytest

from kumihimo.kernel import journal, retention
from kumihimo.rooms.review import deciding, loading, looking
from kumihimo.rooms.review.api import Answer
from kumihimo.rooms.review.domain.answers import TAKE_BACK_FOR
from kumihimo.rooms.review.domain.refusals import LoadedElsewhere
from kumihimo.rooms.review.loading import load
from kumihimo.rooms.review.sides import Sides
from tests.rooms.review.house import audit, finding, number, proposal
from tests.rooms.review.test_looking import Draws, looked, take

QUIET = {"suspend_at_once": False}


async def states(house):
    return dict(await house.rows("SELECT record_id, state FROM item ORDER BY record_id"))


async def tally(house):
    """Return the counts as they are kept, after comparing them with the rows themselves."""
    kept = await house.rows(
        "SELECT mechanism, state, items, round(minutes) FROM tally WHERE items <> 0 ORDER BY 1, 2"
    )
    counted = await house.rows(
        "SELECT mechanism, state, count(*), round(sum(minutes)) FROM item GROUP BY 1, 2"
        " ORDER BY 1, 2"
    )
    assert kept == counted
    return kept


def changed(n, **values):
    sides = finding(n).sides
    return finding(n, sides=Sides(own=sides.own | values, other=sides.other, number=sides.number))


def test_the_same_audit_again_changes_nothing(at_desk):
    async def story(house):
        first = await house.load(finding(1), finding(2))
        assert (first.rows, first.new, first.repeated) == (2, 2, False)
        await looked(house, "ito", Answer.WRONG)
        before = await house.rows("SELECT * FROM item ORDER BY item")
        again = await house.load(finding(1), finding(2))
        assert again.repeated
        assert await house.rows("SELECT * FROM item ORDER BY item") == before
        assert await house.value("SELECT count(*) FROM loading") == 0
        assert await tally(house) == [("household", "open", 2, 4)]

    at_desk(story, **QUIET)


def test_a_newer_audit_closes_what_it_no_longer_finds_in_the_affairs_that_it_judged(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2), finding(3, affair="b002"))
        newer = await house.load(finding(2), run="b")
        assert (newer.same, newer.vanished) == (1, 1)
        assert await states(house) == {"r1": "vanished", "r2": "open", "r3": "open"}
        gone = await house.value("SELECT sides_locked FROM item WHERE record_id = 'r1'")
        assert gone is None
        back = await house.load(finding(1), finding(2), run="c")
        assert (back.again, back.same) == (1, 1)
        assert await states(house) == {"r1": "open", "r2": "open", "r3": "open"}
        await tally(house)

    at_desk(story, **QUIET)


def test_looks_at_values_that_have_changed_do_not_count(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2))
        await looked(house, "ito", Answer.WRONG)
        await looked(house, "ito", Answer.WRONG)
        await house.load(changed(1, name="高橋 太郎1"), finding(2), run="b")
        rows = await house.rows("SELECT record_id, looks, round FROM item ORDER BY record_id")
        assert rows == [("r1", 0, 2), ("r2", 1, 1)]
        assert await take(house, "ito") == "r1"

    at_desk(story, **QUIET)


def test_what_people_have_decided_stays_decided_until_the_values_change(at_desk):
    async def story(house):
        house.desk = attrs.evolve(house.desk, entropy=Draws(house.entropy, repeat=False))
        await house.load(finding(1))
        await looked(house, "ito", Answer.OWN)
        house.clock.advance(TAKE_BACK_FOR)
        await deciding.settle(house.desk)
        await house.load(finding(1), run="b")
        assert await states(house) == {"r1": "decided"}
        await house.load(changed(1, birth="1991-04-01"), run="c")
        assert await states(house) == {"r1": "open"}
        await tally(house)

    at_desk(story, **QUIET)


def cut_after(*findings):
    yield from findings
    raise ConnectionError


async def cut(house, *findings, **named):
    """Load an audit of which only these findings come in before it is cut."""
    whole = attrs.evolve(audit(**named), findings=cut_after(*findings))
    with pytest.raises(ConnectionError):
        await load(house.desk, whole, tell=lambda _: None)


def test_a_load_that_was_cut_changes_nothing_and_goes_on_where_it_stood(at_desk, monkeypatch):
    monkeypatch.setattr(loading, "ROWS_AT_ONCE", 2)

    async def story(house):
        await cut(house, *map(finding, range(1, 6)))
        assert await states(house) == {}
        kept = await house.rows("SELECT audit_row, sides_locked FROM loading ORDER BY 1")
        assert [row for row, _ in kept] == [1, 2, 3, 4]
        told = []
        whole = attrs.evolve(audit(), findings=map(finding, range(1, 8)))
        loaded = await load(house.desk, whole, tell=told.append)
        assert (loaded.rows, loaded.new, told) == (7, 7, [4, 6, 7])
        # What had come in was not locked anew: its bytes are those of the first load.
        locked = "SELECT sides_locked FROM item WHERE record_id IN ('r1', 'r2', 'r3', 'r4') ORDER BY record_id"  # fmt: skip
        assert await house.rows(locked) == [(sides,) for _, sides in kept]
        assert await house.value("SELECT count(*) FROM loading") == 0
        await tally(house)

    at_desk(story)


def test_what_was_left_of_a_load_is_forgotten_by_a_later_one_of_another_audit(at_desk, monkeypatch):
    monkeypatch.setattr(loading, "ROWS_AT_ONCE", 1)

    async def story(house):
        await cut(house, finding(1), run="c")
        await house.load(finding(2), run="a")
        assert await house.value("SELECT count(*) FROM loading") == 1
        house.clock.advance(loading.CUT_KEPT + timedelta(seconds=1))
        await house.load(finding(2), run="b")
        assert await house.value("SELECT count(*) FROM loading") == 0

    at_desk(story, **QUIET)


# What another load of the same audit brings in meanwhile: its second row.
THEIRS = b"""
CREATE TEMP TABLE theirs AS SELECT * FROM loading;
UPDATE theirs SET audit_row = 2, record_id = 'r2', item = reverse(item);
INSERT INTO loading SELECT * FROM theirs
"""


def test_two_loads_of_one_audit_at_once_make_no_record_twice(at_desk, monkeypatch):
    monkeypatch.setattr(loading, "ROWS_AT_ONCE", 1)

    async def story(house):
        def meets_another():
            yield finding(1)
            with psycopg.connect(house.reached.owner.reveal()) as other:
                other.execute(THEIRS)
            yield finding(2)

        whole = attrs.evolve(audit(), findings=meets_another())
        with pytest.raises(LoadedElsewhere):
            await load(house.desk, whole, tell=lambda _: None)
        loaded = await house.load(finding(1), finding(2))
        assert (loaded.rows, loaded.new) == (2, 2)

    at_desk(story, **QUIET)


def test_no_value_of_a_person_stands_in_the_clear_in_the_desks_database(at_desk):
    async def story(house):
        await house.load(finding(1, proposal=proposal(50)))
        await looked(house, "ito", Answer.WRONG, number=number(50))
        await looking.take(house.desk, "kato")
        await looking.show(house.desk, "kato", numbers_of="x")
        tables = await house.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        dump = ""
        for (table,) in tables:
            if table != "migration":
                dump += repr(await house.rows(f"SELECT t::text FROM {table} t"))
        sides = finding(1).sides
        values = {*sides.own.values(), *sides.other.values(), number(1), number(50)} - {"2"}
        for value in values:
            assert value not in dump
            assert value.encode().hex() not in dump
        async with house.database.transaction() as tx:
            assert await journal.verify(tx) > 0

    at_desk(story, **QUIET)


def test_the_values_go_with_the_decision(at_desk):
    async def story(house):
        await house.load(finding(1, proposal=proposal(50)))
        for officer in ("ito", "kato"):
            await looked(house, officer, Answer.WRONG, number=number(50))
        kept = await house.rows(
            "SELECT sides_locked, proposal_locked, (SELECT count(*) FROM look"
            " WHERE number_locked IS NOT NULL) FROM item"
        )
        assert kept == [(None, None, 0)]

    at_desk(story, **QUIET)


def test_what_nobody_decides_and_what_is_old_is_forgotten_by_age(at_desk):
    async def story(house):
        await house.load(finding(1), finding(2, proposal=proposal(50)))
        await looked(house, "ito", Answer.WRONG, number=number(50))
        await looking.show(house.desk, "ito")
        await _shorten(house, "values", "1 second")
        await house.rows("SELECT pg_sleep(1.1)::text")
        now = await house.value("SELECT now()")
        house.clock.advance(now - house.clock.now())
        assert await retention.forget(house.database, clock=house.clock, actor="desk") == 2
        left = await house.rows("SELECT DISTINCT state, sides_locked, proposal_locked FROM item")
        assert left == [("lapsed", None, None)]
        assert await house.value("SELECT count(*) FROM look WHERE number_locked IS NOT NULL") == 0
        await tally(house)
        assert await house.value("SELECT count(*) FROM look") == 1
        for what in ("viewing", "item"):
            await _shorten(house, what, "1 microsecond")
        await _age(house)
        await retention.forget(house.database, clock=house.clock, actor="desk")
        for table in ("item", "look", "viewing"):
            assert await house.value(f"SELECT count(*) FROM {table}") == 0
        assert await tally(house) == []

    at_desk(story, **QUIET)


async def owner(house, *statements):
    async with await psycopg.AsyncConnection.connect(
        house.reached.owner.reveal(), autocommit=True
    ) as connection:
        for statement, params in statements:
            await connection.execute(statement, params)


async def _shorten(house, what, kept):
    await owner(house, ("UPDATE retention SET kept = %s::interval WHERE what = %s", (kept, what)))


async def _age(house):
    """Let the items have been closed on an earlier day."""
    await owner(house, ("UPDATE item SET closed_on = closed_on - 2", ()))
