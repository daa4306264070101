"""One person reads for another: what she may, until when, with a record each time, and who knows of whom."""

from datetime import date, timedelta

import msgspec
import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.rooms.ledger import api, rotation
from kumihimo.rooms.ledger.store_notices import NoticeRow, take
from kumihimo.statute.delegated import delegated_purposes
from kumihimo.statute.layouts import layouts
from tests.rooms.ledger.house import MINATO

TODAY = date(2026, 6, 1)
NOBODY = "x" * 43


async def ask(house, path, token, told):
    return await house.http("POST", path, token=token, content=msgspec.json.encode(told))


async def gives(house, token, purpose="records", until=TODAY):
    answer = await ask(
        house, api.GIVE_DELEGATION_PATH, token, api.GiveDelegation(purpose=purpose, until=until)
    )
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=api.DelegationGiven)


async def acts(house, token, secret, **more):
    return await ask(house, api.ACT_FOR_PATH, token, api.ActFor(secret=secret, **more))


async def read_for(house, token, secret, **more):
    answer = await acts(house, token, secret, **more)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=api.DelegatedRead)


async def ends(house, secret):
    answer = await ask(house, api.END_DELEGATION_PATH, "", api.EndDelegation(secret))
    assert answer.status_code == 200
    return answer.json()["new"]


async def acts_on(house, token):
    """Return what others read for her; her page of records says the same where it is asked to."""
    answer = await house.http("GET", api.ACTS_ON_ME_PATH, token=token)
    found = msgspec.json.decode(answer.content, type=api.DelegatedActs).acts
    page = msgspec.convert(await house.page(token, acts="true"), api.MyRecords)
    assert page.acts == found
    assert (await house.page(token))["acts"] is None
    return found


async def acts_for(house, token, *secrets):
    answer = await ask(house, api.ACTS_FOR_PATH, token, api.ActsFor(secrets))
    return msgspec.json.decode(answer.content, type=api.DelegatedActs).acts


async def both(house, purpose="records", until=TODAY):
    """Let Hanako give something to Jiro; returns both sessions and what was given."""
    hanako, jiro = await house.enter("hanako"), await house.enter("jiro")
    return hanako, jiro, await gives(house, hanako, purpose, until)


def test_a_proxy_reads_her_records_and_she_sees_at_once_that_it_was_done(in_house):
    async def story(house):
        record = house.record("hanako")
        await house.exchanged(record, house.record("jiro"))
        hanako, jiro, given = await both(house)
        found = await read_for(house, jiro, given.secret)
        assert found.records is not None
        assert [one.record for one in found.records.records] == [record.record]
        assert (found.notices, found.own) == (None, None)
        [told] = await acts_on(house, hanako)
        assert (told.delegation, told.purpose, told.at) == (
            given.delegation,
            "records",
            house.clock.now(),
        )
        assert await acts_for(house, jiro, given.secret) == (told,)

    in_house(story)


def test_each_purpose_lets_read_its_own_thing_and_nothing_else(in_house):
    async def story(house):
        hanako, jiro = await house.enter("hanako"), await house.enter("jiro")
        for name, purpose in delegated_purposes().items():
            found = await read_for(house, jiro, (await gives(house, hanako, name)).secret, ask=True)
            told = {"records": found.records, "notices": found.notices, "information": found.own}
            assert found.purpose == name
            assert [what for what, one in told.items() if one is not None] == [purpose.reads]
            if found.own is not None:
                assert [one.information for one in found.own.asked] == [purpose.information]

    in_house(story)


def test_every_kind_of_information_with_a_layout_has_its_purpose():
    about = {one.information for one in delegated_purposes().values() if one.information}
    assert about == {one.information for one in layouts().values()}


@pytest.mark.parametrize(
    "what", ["none", "own", "held by another", "ended", "over", "not a session"]
)
def test_one_refusal_for_a_secret_that_opens_nothing_and_no_act_is_written_down(in_house, what):
    async def story(house):
        hanako, jiro, given = await both(house)
        who, secret = jiro, given.secret
        if what == "none":
            secret = NOBODY
        elif what == "own":
            who = hanako
        elif what == "held by another":
            assert (await acts_for(house, jiro, secret)) == ()
            who = await house.enter("saburo")
        elif what == "ended":
            assert await ends(house, secret) == 1
        elif what == "over":
            house.clock.advance(timedelta(days=1))
            hanako, who = await house.enter("hanako"), await house.enter("jiro")
        answer = await acts(house, "" if what == "not a session" else who, secret)
        wanted = (
            (401, "urn:kumihimo:not-authentic")
            if what == "not a session"
            else (404, "urn:kumihimo:not-found")
        )
        assert (answer.status_code, answer.json()["type"]) == wanted
        assert await acts_on(house, hanako) == ()

    in_house(story)


def test_it_is_good_to_the_end_of_its_last_day_in_japan(in_house):
    async def story(house):
        _, _, given = await both(house)
        for hours, status in ((13, 200), (1, 200), (0.2, 404)):  # it is 10 in the morning there
            house.clock.advance(timedelta(hours=hours) - timedelta(minutes=3))
            jiro = await house.enter("jiro")
            assert (await acts(house, jiro, given.secret)).status_code == status, hours

    in_house(story)


def test_either_ends_it_and_what_was_read_is_still_told_to_both(in_house):
    async def story(house):
        hanako, jiro, given = await both(house)
        await read_for(house, jiro, given.secret)
        assert [await ends(house, given.secret) for _ in range(2)] == [1, 0]
        assert await ends(house, NOBODY) == 0
        assert len(await acts_on(house, hanako)) == 1
        assert await acts_for(house, jiro, given.secret) == await acts_on(house, hanako)
        saburo = await house.enter("saburo")
        assert await acts_for(house, saburo, given.secret) == ()
        assert await acts_on(house, saburo) == ()

    in_house(story)


@pytest.mark.parametrize(
    ("purpose", "days", "pointer"),
    [("records", -1, "until"), ("records", 367, "until"), ("everything", 0, "purpose")],
)
def test_a_period_has_an_end_and_a_purpose_is_one_of_the_table(in_house, purpose, days, pointer):
    async def story(house):
        hanako = await house.enter("hanako")
        await gives(house, hanako, until=TODAY + timedelta(days=366))
        asked = api.GiveDelegation(purpose=purpose, until=TODAY + timedelta(days=days))
        answer = await ask(house, api.GIVE_DELEGATION_PATH, hanako, asked)
        assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)

    in_house(story)


def test_nobody_gives_more_than_twenty_at_a_time(in_house):
    async def story(house):
        hanako = await house.enter("hanako")
        given = [await gives(house, hanako) for _ in range(20)]
        asked = api.GiveDelegation(purpose="records", until=TODAY)
        answer = await ask(house, api.GIVE_DELEGATION_PATH, hanako, asked)
        assert answer.status_code == 429
        await ends(house, given[0].secret)
        await gives(house, hanako)

    in_house(story)


def test_what_is_hidden_is_absent_for_a_proxy_in_lists_in_counts_and_in_what_is_asked(in_house):
    """DV: with it or without it, a proxy gets the same bytes, and the database does as many things."""

    async def story(house):
        seen = []
        for hidden in (False, True):
            who = f"hanako-{hidden}"
            if hidden:
                record = house.record(who, hidden=True)
                await house.exchanged(record)
                late = house.record(who)
                await house.deliver(late, ends=[house.end(late, who, hidden=True)])
                await _notice(house, who)
            hanako, jiro = await house.enter(who), await house.enter("jiro")
            answers = []
            for purpose in ("records", "notices", "information.local-tax"):
                given = await gives(house, hanako, purpose)
                before = await _statements(house)
                answer = await acts(house, jiro, given.secret)
                answers.append((answer.content, await _statements(house) - before))
            seen.append(answers)
        assert seen[0] == seen[1]

    in_house(story)


async def _notice(house, who):
    code = house.coded(who)
    row = NoticeRow(
        notice="n" * 22,
        institution=MINATO,
        person=bytes(code.code),
        version=code.version,
        state="removed",
        sealed=None,
        taken_on=TODAY,
        until=TODAY,
    )
    async with house.database.transaction() as tx:
        assert await take(tx, row) == 1


async def _statements(house):
    async with house.database.transaction() as tx:
        return await tx.value("SELECT count(*) FROM journal")


def test_a_record_that_is_not_hidden_is_seen_by_a_proxy_beside_it(in_house):
    async def story(house):
        seen, hidden = house.record("hanako"), house.record("hanako", hidden=True)
        await house.exchanged(seen, hidden)
        _, jiro, given = await both(house)
        found = await read_for(house, jiro, given.secret)
        assert found.records is not None
        assert [one.record for one in found.records.records] == [seen.record]

    in_house(story)


def test_a_long_list_goes_on_page_by_page_and_each_page_is_an_act(in_house):
    async def story(house):
        records = [house.record("hanako") for _ in range(25)]
        await house.exchanged(*records)
        hanako, jiro, given = await both(house)
        first = (await read_for(house, jiro, given.secret)).records
        assert first is not None
        second = (await read_for(house, jiro, given.secret, cursor=first.next)).records
        assert second is not None
        found = {one.record for one in (*first.records, *second.records)}
        assert found == {one.record for one in records}
        assert len(await acts_on(house, hanako)) == 2

    in_house(story)


def test_over_a_change_of_key_a_delegation_stays_whose_it_was(in_house):
    async def story(house):
        hanako, jiro, given = await both(house)
        await read_for(house, jiro, given.secret)
        await rotation.rotate(house.ledger, house.room.caller)
        hanako, jiro = await house.enter("hanako"), await house.enter("jiro")
        saburo = await house.enter("saburo")
        assert (await acts(house, saburo, given.secret)).status_code == 404
        await read_for(house, jiro, given.secret)
        assert len(await acts_on(house, hanako)) == 2

    in_house(story)


def test_a_dump_and_the_ledgers_keys_do_not_tell_who_reads_for_whom(in_house, postgres):
    async def story(house):
        _, jiro, given = await both(house)
        await read_for(house, jiro, given.secret)
        code = bytes(house.coded("jiro").code)
        dump = postgres.dump(house.name)
        assert given.delegation.encode() in dump  # the dump is the right one
        assert given.secret.encode() not in dump
        async with house.database.transaction() as tx:
            cursor = await tx.connection.execute("SELECT d.*::text FROM delegation d")
            [[row]] = await cursor.fetchall()
            tag = await tx.value("SELECT proxy_tag FROM delegation")
        assert code.hex() not in row
        locker = house.ledger.locker("delegations")
        for guess in (b"proxy", b"proxy" + given.delegation.encode()):
            assert locker.tag(code, label=guess) != bytes(tag)

    in_house(story)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM delegated_act",
        "UPDATE delegated_act SET at = now()",
        "DELETE FROM delegation",
        "UPDATE delegation SET until = until + 1",
        "UPDATE delegation SET purpose = 'notices'",
    ],
)
def test_who_serves_requests_cannot_take_an_act_back_or_widen_a_delegation(in_house, statement):
    async def story(house):
        hanako, jiro, given = await both(house)
        await read_for(house, jiro, given.secret)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with house.database.transaction() as tx:
                await tx.execute(statement)
        assert len(await acts_on(house, hanako)) == 1

    in_house(story)


def test_what_was_read_is_kept_for_seven_years_and_goes_with_the_delegation_then(in_house):
    async def story(house):
        hanako, jiro, given = await both(house)
        await read_for(house, jiro, given.secret)
        await gives(house, hanako)

        async def forget():
            await retention.forget(house.database, clock=house.clock, actor="ledger")
            async with house.database.transaction() as tx:
                return await tx.value("SELECT count(*) FROM delegation")

        assert await forget() == 2
        with psycopg.connect(house.owner.reveal()) as connection:
            connection.execute("UPDATE delegated_act SET at = '2016-06-01T00:00:00Z'")
            connection.execute(
                "UPDATE delegation SET given_on = '2016-06-01', until = '2016-06-01'"
            )
        assert await forget() == 0

    in_house(story)
