"""The core's rows stand by months: ids are found across the turn of one, and an old one goes whole."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import attrs
import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import bits_of, is_bits, new_id
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.sql import Database
from kumihimo.rooms.linkage.api import Outcome
from kumihimo.rooms.linkage.inquiries import put_down
from kumihimo.rooms.linkage.months import Months, lately
from kumihimo.rooms.linkage.store_exchange import EndRow, RecordRow, add_ends, parties_of

MAY = datetime(2026, 5, 20, tzinfo=UTC)
TURN = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = datetime(2016, 5, 20, tzinfo=UTC)


def row(at, **changes):
    plain = RecordRow(
        record=new_id(SystemEntropy()),
        permit=new_id(SystemEntropy()),
        requester="lg-131032",
        inquiry=new_id(SystemEntropy()),
        digest=bytes(32),
        case_reference="c" * 32,
        affair="b081",
        provider="lg-271004",
        items=["local-tax.total-income", "local-tax.losses"],
        basis=["old2-168"],
        list_version="11dbc773c837bbeb",
        outcome="OK",
        reason="",
        requested_at=at,
        expires_at=at + timedelta(hours=1),
        person=bytes(64),
        hidden=False,
        submission=new_id(SystemEntropy()),
        office="税務課窓口",
        role=None,
    )
    return attrs.evolve(plain, **changes)


def end(one, side, outcome: Outcome = "OK"):
    return EndRow(
        permit=one.permit,
        side=side,
        outcome=outcome,
        at=one.requested_at,
        person=bytes(64) if side == "provider" else b"",
        hidden=False,
    )


@attrs.frozen
class Core:
    """The core's tables, and the rights of whoever serves."""

    database: Database
    months: Months
    reached: object

    async def put(self, at, *rows):
        await self.months.ready(at, rows)
        async with self.database.transaction() as tx:
            new, known = await put_down(tx, rows, at)
        return [one.inquiry in new for one in rows], known

    async def count(self, table):
        async with self.database.transaction() as tx:
            found = await tx.connection.execute(f"SELECT count(*) FROM {table}".encode())
            [(count,)] = await found.fetchall()
            return count

    async def forget(self, at=datetime(2026, 6, 1, tzinfo=UTC)):
        return await retention.forget(self.database, clock=HandClock(at), actor="linkage")

    async def names(self):
        async with self.database.transaction() as tx:
            names = await tx.value(
                "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class"
                " WHERE relispartition AND relkind = 'r'"
            )
        return set((names or "").split())


@pytest.fixture
def on_core(new_room):
    """Run a story on the core's tables."""

    def run(story):
        async def whole():
            _, reached = new_room("linkage")
            database = Database(reached.runtime, pool_max=3)
            await database.open()
            try:
                await story(Core(database, Months(database), reached))
            finally:
                await database.close()

        asyncio.run(whole())

    return run


def test_what_is_written_down_is_read_again_as_it_was(on_core):
    async def story(core):
        rows = [row(MAY), row(MAY, hidden=True, office=None), row(MAY, items=["x"], reason="Nein")]
        assert await core.put(MAY, *rows) == ([True] * 3, {})
        assert await core.put(MAY, *rows) == ([False] * 3, {one.inquiry: one for one in rows})
        assert await core.count("exchange_record") == 3
        assert await core.count("exchange_terms") == 3
        assert await core.put(MAY, *(row(MAY) for _ in range(5))) == ([True] * 5, {})
        assert await core.count("exchange_terms") == 3

    on_core(story)


@pytest.mark.parametrize(
    ("later", "known"),
    [
        (timedelta(days=0), True),
        (timedelta(days=11), True),  # the last of May
        (timedelta(days=12), True),
        (timedelta(days=41), True),  # the last of June
        (timedelta(days=42), False),
    ],
)
def test_an_id_stands_for_one_exchange_in_its_month_and_the_next_and_no_longer(
    on_core, later, known
):
    async def story(core):
        first = row(MAY)
        await core.put(MAY, first)
        again = row(MAY + later, inquiry=first.inquiry)
        theirs = row(MAY + later, inquiry=first.inquiry, requester="lg-271004")
        assert await core.put(MAY + later, again) == (
            ([False], {first.inquiry: first}) if known else ([True], {})
        )
        assert await core.put(MAY + later, theirs) == ([True], {})

    on_core(story)


@pytest.mark.parametrize("known", [True, False])
def test_a_report_that_comes_again_is_known_however_late_by_when_it_happened(on_core, known):
    async def story(core):
        late = MAY + timedelta(days=800)
        first = row(MAY if known else late, outcome="LOOKED")
        await core.put(MAY, first)
        again, _ = await core.put(late, attrs.evolve(first))
        assert again == [not known]

    on_core(story)


def test_where_an_id_is_looked_for():
    assert list(lately(MAY)) == [date(2026, 4, 1), date(2026, 5, 1)]
    before = [date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)]
    assert list(lately(TURN - timedelta(minutes=1))) == before
    assert list(lately(TURN, since=MAY - timedelta(days=30))) == before
    assert list(lately(TURN, since=TURN + timedelta(days=90))) == before[1:]
    assert 84 < len(lately(TURN, since=datetime(1, 1, 1, tzinfo=UTC))) < 100


@pytest.mark.parametrize("second", [timedelta(seconds=-1), timedelta(minutes=4)])
def test_who_asks_twice_at_once_at_the_turn_of_a_month_has_one_record(on_core, second):
    async def story(core):
        first = row(TURN - timedelta(seconds=1))
        again = row(TURN + second, inquiry=first.inquiry)
        for one in (first, again):
            await core.months.ready(one.requested_at, [one])

        async def later():
            async with core.database.transaction() as tx:
                return await put_down(tx, [again], again.requested_at)

        async with core.database.transaction() as tx:
            new, _ = await put_down(tx, [first], first.requested_at)
            assert new == {first.inquiry}
            waiting = asyncio.create_task(later())
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(waiting), 0.3)
            assert not waiting.done()
        assert await waiting == (set(), {first.inquiry: first})

    on_core(story)


def test_within_a_month_a_requesters_batches_do_not_wait_for_each_other(on_core):
    async def story(core):
        first = row(MAY)
        await core.months.ready(MAY, [first])
        async with core.database.transaction() as tx:
            await put_down(tx, [first], MAY)
            assert await core.put(MAY, row(MAY)) == ([True], {})

    on_core(story)


def test_an_end_of_an_exchange_of_long_ago_stands_beside_it(on_core):
    async def story(core):
        old, young, refused = row(MAY), row(TURN), row(TURN, outcome="REFUSED_ITEM")
        await core.put(MAY, old)
        await core.put(TURN, young, refused)
        at = MAY + timedelta(days=400)
        asked = [old.permit, young.permit, refused.permit, new_id(SystemEntropy()), "no id"]
        async with core.database.transaction() as tx:
            parties = await parties_of(tx, asked, lately(at))
        assert {permit: one.month for permit, one in parties.items()} == {
            old.permit: date(2026, 5, 1),
            young.permit: date(2026, 6, 1),
        }
        assert {(one.requester, one.provider) for one in parties.values()} == {
            ("lg-131032", "lg-271004")
        }
        months = {permit: one.month for permit, one in parties.items()}
        ends = [end(old, "requester", "PENDING_MANUAL"), end(young, "provider")]

        async def add(*ends):
            async with core.database.transaction() as tx:
                return await add_ends(tx, ends, months)

        assert await add(*ends) == {(one.permit, one.side) for one in ends}
        assert await add(*ends) == set()
        assert await add(end(old, "requester", "NO_DATA")) == {(old.permit, "requester")}
        assert await add(end(old, "requester")) == set()
        assert await core.count("exchange_said") == 2

    on_core(story)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("AAAAAAAAAAAAAAAAAAAAAA", True),
        ("AAAAAAAAAAAAAAAAAAAAAB", False),  # the same bits, by another text
        ("AAAAAAAAAAAAAAAAAAAAA", False),
        ("AAAAAAAAAAAAAAAAAAAAA=", False),
        ("AAAAAAAAAAAAAAAAAAAAA+", False),
        ("ああああああああああああああああああああああ", False),
    ],
)
def test_of_two_texts_for_the_same_bits_one_is_an_id(text, fits):
    assert is_bits(text) == fits
    if fits:
        assert bits_of(text) == bytes(16)


def test_an_old_month_goes_whole_and_the_next_stays(on_core):
    async def story(core):
        young = LONG_AGO + timedelta(days=30)
        await core.put(LONG_AGO, *(row(LONG_AGO) for _ in range(3)))
        await core.put(young, row(young))
        until = datetime(2023, 6, 1, tzinfo=UTC)
        assert await core.forget(until - timedelta(seconds=1)) == 0
        assert await core.forget(until) == 3
        assert await core.names() == {
            f"{whole}_2016_06"
            for whole in ("exchange", "exchange_terms", "exchange_said", "evidence")
        }
        assert await core.forget(until) == 0
        assert await core.forget() == 1
        assert await core.forget() == 0
        assert await core.names() == set()

    on_core(story)


def test_a_month_that_somebody_reads_is_left_for_the_next_time(on_core):
    async def story(core):
        await core.put(LONG_AGO, row(LONG_AGO))
        async with core.database.transaction() as tx:
            await tx.value("SELECT count(*) FROM exchange")
            with pytest.raises(Unavailable):
                await core.forget()
        assert await core.count("exchange") == 1
        assert await core.forget() == 1

    on_core(story)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE exchange DETACH PARTITION exchange_2016_05",
        "DROP TABLE exchange_2016_05",
        "DELETE FROM exchange_2016_05",
        "UPDATE exchange_2016_05 SET requester = ''",
        "SELECT * FROM exchange_2016_05",
        "DELETE FROM exchange_end",
        "CREATE TABLE exchange_2016_06 (month date)",
    ],
)
def test_who_serves_has_no_right_to_a_month(on_core, statement):
    async def story(core):
        await core.put(LONG_AGO, row(LONG_AGO))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with core.database.transaction() as tx:
                await tx.connection.execute(statement.encode())
        assert await core.count("exchange") == 1

    on_core(story)


def test_there_is_room_for_the_next_month_before_it_begins(on_core):
    async def story(core):
        await core.database.alone("SELECT keep_month('2026-02-17')")
        for at in (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)):
            await core.months.ahead(at)
        february = datetime(2026, 2, 28, tzinfo=UTC)
        assert await core.put(february, row(february)) == ([True], {})
        assert {name for name in await core.names() if name.startswith("exchange_2")} == {
            "exchange_2026_02",
            "exchange_2027_01",
        }

    on_core(story)
