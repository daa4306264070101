from datetime import timedelta

import attrs
import msgspec
import psycopg
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.net import Refused
from kumihimo.rooms.register import store
from kumihimo.rooms.register.domain.residents import timeline
from tests.rooms.register.made import DAY, OSAKA, birth, code, correction, event


async def present(house, who):
    async with house.database.transaction() as tx:
        codes = await store.holders(tx, [code(who)])
        histories = await store.histories(tx, codes.values())
    return histories[codes[code(who)]]


async def counted(house, table):
    async with house.database.transaction() as tx:
        query = {
            "resident_event": "SELECT count(*) FROM resident_event",
            "resident": "SELECT count(*) FROM resident",
        }
        return await tx.value(query[table])


def test_events_sent_one_by_one_leave_what_a_replay_from_the_database_gives(in_house):
    async def story(house):
        osaka = {"address": "大阪市北区梅田1-1-1", "municipality": "271004"}
        assert await house.tell(birth(1)) == 1
        assert await house.tell(event("move-out", 1, DAY + timedelta(days=30))) == 1
        await house.tell(event("move-in", 1, DAY + timedelta(days=32), **osaka), office=OSAKA)
        await house.tell(event("protection", 1, DAY + timedelta(days=40)), office=OSAKA)
        # The old municipality tells late of something that happened before the move.
        await house.tell(event("name-change", 1, DAY + timedelta(days=10), name="鈴木花"))
        history = await present(house, 1)
        assert history.periods == timeline(history.entries)
        assert history.present.municipality == "271004"
        assert history.present.name == "鈴木花"
        assert history.present.protected

    in_house(story)


def test_what_was_known_on_a_day_can_be_asked_after_a_back_dated_correction(in_house):
    async def story(house):
        await house.tell(birth(1))
        house.clock.advance(timedelta(days=10))
        await house.tell(correction(1, DAY, birth="1990-04-02"))
        async with house.database.transaction() as tx:
            before, now = [
                await store.state_known(tx, code(1), valid_on=DAY, recorded_on=on)
                for on in (house.register.today() - timedelta(days=1), house.register.today())
            ]
            never = await store.state_known(tx, code(1), valid_on=DAY, recorded_on=DAY)
        assert before is not None
        assert now is not None
        assert (before.birth, now.birth) == ("1990-04-01", "1990-04-02")
        assert never is None

    in_house(story)


def test_a_batch_with_one_bad_event_leaves_nothing_behind_and_names_the_event(in_house):
    async def story(house):
        with pytest.raises(Refused) as refused:
            await house.tell(birth(1), birth(2), event("move-within", 3, address="港区芝1-1"))
        assert refused.value.reason == "unknown-resident"
        assert refused.value.remote.pointer == "events[2].resident_code"
        assert await counted(house, "resident_event") == 0
        assert await house.tell(birth(1), birth(2)) == 2

    in_house(story)


def test_a_batch_that_comes_twice_is_recorded_once_and_an_id_stands_for_one_event(in_house):
    async def story(house):
        born = birth(1)
        assert await house.tell(born, born) == 1
        assert await house.tell(born) == 0
        assert await counted(house, "resident_event") == 1
        with pytest.raises(Refused) as refused:
            await house.tell(msgspec.structs.replace(born, name="別人"))
        assert refused.value.reason == "event-id-reused"

    in_house(story)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (birth(1), "already-registered"),
        (event("move-within", 1, address="港区芝1-1"), "contradicts-state"),
        (event("number-change", 2, reason="漏えい"), "no-number-yet"),
        (event("resident-code-change", 2, new_resident_code=code(1)), "already-registered"),
        (correction(2, name="鈴木", officers=("a", "a")), "two-officers-needed"),
        (event("death", 2, DAY + timedelta(days=9_000)), "future-event"),
        (event("death", 9), "unknown-resident"),
    ],
)
def test_what_cannot_be_is_refused_by_name(in_house, bad, reason):
    async def story(house):
        await house.tell(birth(1), event("death", 1), birth(2))
        with pytest.raises(Refused) as refused:
            await house.tell(bad)
        assert refused.value.reason == reason

    in_house(story)


def test_a_municipality_writes_of_its_own_residents_only_and_learns_nothing_of_others(in_house):
    async def story(house):
        await house.tell(birth(1))
        answers = []
        for who in (1, 9):
            with pytest.raises(Refused) as refused:
                await house.tell(event("death", who), office=OSAKA)
            answers.append(refused.value.remote)
        assert answers[0] == answers[1]
        with pytest.raises(Refused):
            await house.tell(birth(2), office=OSAKA)

    in_house(story)


def test_a_replaced_resident_code_names_nobody_and_is_nobody_elses_ever(in_house):
    async def story(house):
        await house.tell(birth(1), event("resident-code-change", 1, new_resident_code=code(5)))
        for bad, reason in (
            (event("death", 1), "unknown-resident"),
            (birth(1), "already-registered"),
        ):
            with pytest.raises(Refused) as refused:
                await house.tell(bad)
            assert refused.value.reason == reason
        assert await house.tell(event("death", 5)) == 1

    in_house(story)


def test_a_batch_leaves_one_line_in_the_journal_without_anybody_in_it(in_house):
    async def story(house):
        await house.tell(birth(1), birth(2))
        async with house.database.transaction() as tx:
            assert await journal.verify(tx) == 1
            detail = await tx.value("SELECT detail FROM journal")
        assert detail == '{"new":2}'

    in_house(story)


def test_the_service_can_neither_change_nor_remove_an_event_or_a_code(in_house):
    async def story(house):
        await house.tell(birth(1))
        for statement in (
            "UPDATE resident_event SET recorded_on = '2000-01-01'",
            "DELETE FROM resident_event",
            "DELETE FROM resident_code",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with house.database.transaction() as tx:
                    await tx.execute(statement)

    in_house(story)


def test_a_thousand_births_are_taken_in_one_batch(in_house):
    async def story(house):
        assert await house.tell(*(birth(who) for who in range(1_000))) == 1_000
        assert await counted(house, "resident") == 1_000
        with pytest.raises(Refused) as refused:
            await house.tell(*(birth(who) for who in range(1_000, 2_001)))
        assert refused.value.reason == "bad-input"

    in_house(story)


def test_a_history_prints_nothing_of_its_person(in_house):
    async def story(house):
        await house.tell(birth(1))
        history = await present(house, 1)
        shown = repr((history, history.present, history.entries, history.periods))
        assert "高橋" not in shown
        assert code(1) not in shown
        assert attrs.asdict(history.present)["name"] == birth(1).name

    in_house(story)
