"""A person's records are numbered without a gap, each number once, and nothing that is hidden has one."""

import asyncio
import random
from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.rooms.ledger import chain, rotation, store
from kumihimo.rooms.ledger.context import held_steps
from kumihimo.rooms.ledger.log import Log
from tests.rooms.ledger.chains import (
    both,
    by_superuser,
    certain,
    chains,
    pages_show_what_is_seen,
    placed,
    rows,
)
from tests.rooms.ledger.logs import head


async def only(house):
    """Return the records of the one chain that there is, in the order of their numbers."""
    [(_, records)] = (await chains(house)).items()
    return records


def test_each_record_gets_the_next_number_of_its_persons_chain(in_house):
    async def story(house):
        first = [house.record("one"), house.record("other")]
        await certain(house, *first)
        house.clock.advance(timedelta(seconds=5))
        second = house.record("one")
        await certain(house, second)
        assert sorted((await chains(house)).values()) == sorted(
            [[first[0].record, second.record], [first[1].record]]
        )
        await placed(house)

    in_house(story)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"requester": "OK"},
        {"provider": "OK"},
        {"requester": "OK", "provider": "PENDING_MANUAL"},
        {"requester": "PENDING_MANUAL", "provider": "OK"},
    ],
)
def test_a_record_has_no_number_while_a_side_may_still_hide_it(in_house, said):
    async def story(house):
        record = house.record("one")
        ends = [house.end(record, side=side, outcome=outcome) for side, outcome in said.items()]
        await house.deliver(record, ends=ends)
        assert await chains(house) == {}
        await house.deliver(ends=both(house, record))
        assert await only(house) == [record.record]

    in_house(story)


def test_a_side_that_speaks_once_more_changes_no_number(in_house):
    async def story(house):
        record = house.record("one", outcome="REFUSED_AFFAIR")
        await house.deliver(record)
        await house.deliver(ends=both(house, record))
        assert await only(house) == [record.record]

    in_house(story)


@pytest.mark.parametrize("who", ["record", "requester", "provider"])
def test_what_anybody_hid_never_has_a_number(in_house, who):
    async def story(house):
        seen = [house.record("one"), house.record("one", outcome="REFUSED_AFFAIR")]
        hidden = house.record("one", hidden=who == "record")
        await certain(house, seen[0])
        house.clock.advance(timedelta(seconds=5))
        requester, provider = both(house, hidden)
        side = {"requester": 0, "provider": 1}.get(who)
        ends = [requester, provider]
        if side is not None:
            ends[side] = house.end(hidden, side=who, hidden=True)
        await house.deliver(hidden, ends=ends)
        await house.deliver(seen[1])
        assert await only(house) == [one.record for one in seen]

    in_house(story)


def test_what_is_hidden_after_it_had_a_number_leaves_no_gap(in_house):
    async def story(house):
        records = [house.record("one", outcome="REFUSED_AFFAIR") for _ in range(3)]
        await house.deliver(*records)
        await placed(house)
        [before] = await chains(house)
        await house.deliver(ends=[house.end(records[1], hidden=True)])
        assert await chains(house) == {}
        await pages_show_what_is_seen(house, house.clock.now())
        await house.deliver(more := house.record("one", outcome="REFUSED_AFFAIR"))
        assert more.record in await only(house)
        assert records[1].record not in await only(house)
        assert before not in await chains(house)
        await placed(house)

    in_house(story)


def test_what_she_asked_herself_and_what_brought_nothing_has_no_number(in_house):
    async def story(house):
        for outcome in ("NO_PERSON", "OK"):
            record = house.record("one", requester="ledger")
            await house.deliver(record, ends=both(house, record, outcome=outcome))
        assert await only(house) == [record.record]

    in_house(story)


def test_where_the_ends_name_different_people_it_is_in_the_chains_of_both(in_house):
    async def story(house):
        record = house.record("one")
        await house.deliver(record, ends=both(house, record, "other"))
        assert list((await chains(house)).values()) == [[record.record]] * 2
        await placed(house)

    in_house(story)


def test_the_ledgers_change_of_key_leaves_chains_and_numbers_as_they_were(in_house):
    async def story(house):
        await certain(house, first := house.record("one"))
        before = await chains(house)
        assert await rotation.rotate(house.ledger, house.caller("ledger")) == 2
        house.clock.advance(timedelta(seconds=5))
        third = house.record("one", version=1)
        await house.deliver(third, ends=both(house, third), version=1)
        await certain(house, second := house.record("one"))
        assert (await chains(house)).keys() == before.keys()
        assert set(await only(house)) == {first.record, second.record, third.record}

    in_house(story)


def test_in_the_middle_of_a_change_of_key_a_chain_goes_on(in_house):
    async def story(house):
        caller = house.caller("ledger")
        await certain(house, first := house.record("one"))
        step = await rotation._begin(house.ledger, caller)
        house.clock.advance(timedelta(seconds=5))
        await certain(house, second := house.record("one"))
        assert await only(house) == [first.record, second.record]
        await rotation._complete(house.ledger, caller, step, 1, lambda _: None)
        house.clock.advance(timedelta(seconds=5))
        await certain(house, third := house.record("one"))
        assert await only(house) == [first.record, second.record, third.record]

    in_house(story)


def test_records_of_one_person_that_come_at_once_get_one_number_each(in_house):
    async def story(house):
        records = [house.record("one") for _ in range(12)]
        sent = [certain(house, one) for one in records for _ in range(2)]
        await asyncio.gather(*sent, *(chain.place(house.ledger) for _ in range(4)))
        assert sorted(await only(house)) == sorted(one.record for one in records)
        await placed(house)

    in_house(story)


def test_who_gives_numbers_waits_for_who_gave_the_one_before(in_house):
    async def story(house):
        record = house.record("one")
        async with house.database.transaction() as tx:
            steps = await held_steps(house.ledger, tx)
            await store.add_records(tx, [record], [house.coded("one")], [None])
            await store.add_ends(tx, both(house, record), [None, None], [None, None])
            assert await chain.number(house.ledger, tx, steps, [record.permit]) == 1
            second = asyncio.create_task(certain(house, house.record("one")))
            await house.blocked(second)
        await second
        assert len(await only(house)) == 2

    in_house(story)


class Cut(Exception):
    """The process ended here."""


def cut_after(monkeypatch, step):
    """Let the next placing end where a process may end: before the log, or right after it."""
    take = Log.take

    async def cut(log, sender, submissions):
        monkeypatch.undo()
        if step == "logged":
            await take(log, sender, submissions)
        raise Cut

    monkeypatch.setattr(Log, "take", cut)


@pytest.mark.parametrize("step", ["unlogged", "logged"])
def test_a_link_that_was_cut_on_its_way_to_the_log_stands_there_once(in_house, monkeypatch, step):
    async def story(house):
        await certain(house, house.record("one"), house.record("one"))
        cut_after(monkeypatch, step)
        with pytest.raises(Cut):
            await chain.place(house.ledger)
        await certain(house, house.record("one"))
        await placed(house)
        assert len(await only(house)) == 3
        assert (await head(house)).size == 3 + 6 + 3

    in_house(story)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_in_whatever_order_no_number_is_missing_and_none_is_given_twice(
    in_house, monkeypatch, seed
):
    """Records of four people with their ends: doubled, reordered, at once, hidden, cut, carried."""
    draw = random.Random(seed)

    async def story(house):
        made, wanted = [], set()
        for at in range(40):
            refused = draw.random() < 0.2
            hides = draw.random() < 0.2
            outcome = "REFUSED_ITEM" if refused else "OK"
            hidden = hides and refused
            record = house.record(draw.choice("abcd"), version=1, outcome=outcome, hidden=hidden)
            ends = [] if refused else both(house, record, hidden=hides)
            made += [([record], []), *(([], [end]) for end in ends)]
            wanted |= set() if hides else {record.record}
            if at % 10 == 0:
                house.clock.advance(timedelta(seconds=draw.randrange(60)))
        made += draw.choices(made, k=30)
        draw.shuffle(made)
        while made:
            some = [made.pop() for _ in range(min(len(made), draw.randrange(1, 6)))]
            if draw.random() < 0.3:
                extra = house.record(draw.choice("abcd"))
                wanted.add(extra.record)
                await certain(house, extra)
                cut_after(monkeypatch, draw.choice(["unlogged", "logged"]))
                with pytest.raises(Cut):
                    await chain.place(house.ledger)
            turns = [house.deliver(*sent, ends=ends, version=1) for sent, ends in some]
            if house.core.version == 1 and draw.random() < 0.1:
                turns.append(rotation.rotate(house.ledger, house.caller("ledger")))
            await asyncio.gather(*turns, chain.place(house.ledger))
            await chains(house)
            if draw.random() < 0.2:
                waited = timedelta(days=draw.choice([0, 3]))
                await pages_show_what_is_seen(house, house.clock.now() - waited)
        found = [record for records in (await chains(house)).values() for record in records]
        assert sorted(found) == sorted(wanted)
        assert len(await chains(house)) <= 4
        await placed(house)

    in_house(story)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM person_link",
        "DELETE FROM person_chain",
        "UPDATE person_link SET number = number + 1",
        "UPDATE person_link SET record = 'x'",
        "UPDATE person_link SET leaf = before",
        "UPDATE person_chain SET forgotten = number",
    ],
)
def test_who_serves_requests_takes_no_link_out_of_a_chain_and_changes_none(in_house, statement):
    async def story(house):
        await certain(house, house.record("one"))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with house.database.transaction() as tx:
                await tx.execute(statement)
        assert len(await rows(house)) == 1

    in_house(story)


def test_a_number_that_was_in_the_log_is_never_given_to_another_record(in_house, postgres):
    async def story(house):
        for _ in range(2):
            await certain(house, house.record("one"))
            house.clock.advance(timedelta(seconds=5))
        await placed(house)
        by_superuser(
            postgres,
            house,
            "DELETE FROM person_link WHERE number = 2",
            "UPDATE person_chain c SET number = 1, head = l.leaf FROM person_link l"
            " WHERE l.chain = c.chain",
        )
        await certain(house, house.record("one"))
        await certain(house, other := house.record("other"))
        assert await chain.place(house.ledger) == 1  # the other person's
        by_record = {row.record: row.place for row in await rows(house)}
        assert by_record[other.record] is not None
        assert list(by_record.values()).count(None) == 1

    in_house(story)


def test_what_is_forgotten_by_age_goes_from_the_chain_and_the_rest_keeps_its_numbers(
    in_house, postgres
):
    async def story(house):
        records = [house.record("one") for _ in range(4)]
        for one in records:
            await certain(house, one)
        await certain(house, house.record("other"))
        old = "UPDATE record SET requested_at = '2016-06-01T00:00:00Z' WHERE record = %s"
        with psycopg.connect(postgres.admin(f"kumihimo_{house.name}").reveal()) as admin:
            admin.execute(old.encode(), (records[0].record,))
            admin.execute(old.encode(), (records[2].record,))
        assert await retention.forget(house.database, clock=house.clock, actor="ledger") == 2
        left = {row.record: row.number for row in await rows(house)}
        assert [left[records[at].record] for at in (1, 3)] == [2, 4]
        async with house.database.transaction() as tx:
            told = "SELECT forgotten FROM person_chain ORDER BY forgotten DESC LIMIT 1"
            assert await tx.value(told) == 3
        with psycopg.connect(postgres.admin(f"kumihimo_{house.name}").reveal()) as admin:
            admin.execute("UPDATE record SET requested_at = '2016-06-01T00:00:00Z'")
        assert await retention.forget(house.database, clock=house.clock, actor="ledger") == 3
        async with house.database.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM person_chain") == 0

    in_house(story)
