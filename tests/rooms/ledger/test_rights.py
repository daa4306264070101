"""What who serves requests may do to the ledger's rows, and what stands in none of them."""

import psycopg
import pytest


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM record",
        "DELETE FROM record_end",
        "DELETE FROM journal",
        "TRUNCATE record",
        "UPDATE record SET requester = 'lg-271004'",
        "UPDATE record SET requested_at = now()",
        "UPDATE record SET hidden = true",
        "UPDATE record SET outcome = 'NO_DATA'",
        "DROP TABLE record",
        "UPDATE retention SET kept = '1 day'",
    ],
)
def test_who_serves_requests_cannot_remove_a_record_or_change_what_it_says(in_house, statement):
    async def story(house):
        await house.exchanged(house.record("one"))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with house.database.transaction() as tx:
                await tx.execute(statement)
        assert len(await house.read(await house.enter("one"))) == 1

    in_house(story)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET person = person, version = version",
        "DELETE FROM session",
        "DELETE FROM ticket_used",
    ],
)
def test_who_serves_requests_can_do_its_work(in_house, statement):
    async def story(house):
        await house.deliver(house.record("one"))
        await house.enter("one")
        async with house.database.transaction() as tx:
            assert await tx.execute(statement) == 1

    in_house(story)


def test_of_whom_the_records_speak_stands_nowhere(in_house, postgres):
    async def story(house):
        record = house.record("one")
        await house.deliver(record)
        await house.enter("one")
        dump = postgres.dump(house.name)
        assert bytes(house.coded("one").code).hex().encode() in dump  # the dump is the right one
        assert record.person.hex().encode() not in dump

    in_house(story)
