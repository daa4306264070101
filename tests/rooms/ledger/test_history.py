"""What a person takes away proves itself, and tells when the ledger's database was changed behind its back."""

import msgspec
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.tlog.note import Kind, NoteKey
from kumihimo.rooms.ledger import api, chain, rotation
from kumihimo.rooms.ledger.domain.verifying import Signers, Wrong, verify
from kumihimo.rooms.linkage.asker_api import Asker
from kumihimo.rooms.oversight.api import LOG_ORIGIN, witness_key
from tests.rooms.ledger.chains import both, by_superuser, certain, rows
from tests.rooms.ledger.house import MINATO
from tests.rooms.ledger.logs import leaves, submission
from tests.rooms.ledger.test_witnessed import overseen, witnessed


@pytest.fixture
def in_sight(in_house, new_room):
    def run(story):
        async def whole(house):
            async with overseen(house, new_room):
                await story(house)

        in_house(whole)

    return run


async def settled(house):
    """Let the jobs run: links go into the log, and oversight cosigns it."""
    await chain.place(house.ledger)
    await witnessed(house)


async def answered(house, person="one"):
    return await house.http("GET", api.HISTORY_PATH, token=await house.enter(person))


async def taken(house, person="one"):
    """Return the file that a person gets."""
    answer = await answered(house, person)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    return answer.content


async def checked(house, content, **more):
    """Check a file by the keys that the directory and the federation publish."""
    log = NoteKey(LOG_ORIGIN, Kind.TEXT, house.keys["ledger"].public.signing)
    signers = Signers([log], witness_key(house.book.pinned))
    return verify(content, signers=signers, **more).history


def names(proven):
    return [one.content.record for one in proven]


def test_she_takes_away_all_that_she_reads_and_it_holds(in_sight):
    async def story(house):
        await house.submit(submission(house, leaves(300)))
        done = [house.record("one"), house.record("one", outcome="REFUSED_ITEM")]
        for one in done[:1]:
            await certain(house, one)
        await house.deliver(done[1])
        await certain(house, house.record("other"))
        hidden = house.record("one")
        await house.deliver(hidden, ends=both(house, hidden, hidden=True))
        waiting = house.record("one")
        await house.deliver(waiting, ends=[house.end(waiting)])
        await settled(house)
        history = await checked(house, await taken(house))
        assert sorted(names(one.record for one in history.links)) == sorted(names_of(done))
        assert names(history.unnumbered) == [waiting.record]
        assert (history.first, history.last) == (1, 2)
        read = await house.read(await house.enter("one"))
        assert sorted(read) == sorted([*names_of(done), waiting.record])
        nobody = await checked(house, await taken(house, "nobody"))
        assert (nobody.links, nobody.unnumbered, nobody.last, nobody.chain) == ((), (), 0, "")

    in_sight(story)


def test_what_staff_looked_at_is_proven_like_an_exchange_with_its_office_and_role(in_sight):
    async def story(house):
        desk = Asker(office="税務課", role="窓口")
        look = house.record("one", provider=MINATO, outcome="LOOKED", basis=(), asker=desk)
        await house.deliver(look)
        await settled(house)
        file = await taken(house)
        [link] = (await checked(house, file)).links
        content = link.record.content
        assert (link.number, content.outcome, content.asker) == (1, "LOOKED", desk)
        forged = file.replace("税務課".encode(), "福祉課".encode())
        assert forged != file
        with pytest.raises(Wrong):
            await checked(house, forged)

    in_sight(story)


def names_of(records):
    return [one.record for one in records]


def test_the_list_says_the_number_of_each_record_and_of_all(in_sight, postgres):
    async def story(house):
        token = await house.enter("one")
        assert (await house.page(token))["last"] == 0
        old = house.record("one", requested_at=house.clock.now().replace(year=2016))
        await certain(house, old)
        await certain(house, house.record("one"), house.record("one"))
        await house.deliver(house.record("one", hidden=True))
        waiting = house.record("one")
        await house.deliver(waiting, ends=[house.end(waiting)])
        assert await retention.forget(house.database, clock=house.clock, actor="ledger") == 1
        page = await house.page(token)
        assert (page["first"], page["last"]) == (2, 3)
        numbers = {one["record"]: one["number"] for one in page["records"]}
        assert numbers.pop(waiting.record) is None
        assert sorted(numbers.values()) == [2, 3]
        assert (await house.page(token, limit=1))["last"] == 3

    in_sight(story)


def test_a_later_file_continues_an_earlier_one_also_over_a_change_of_key(in_sight):
    async def story(house):
        await certain(house, house.record("one"), house.record("one"))
        await settled(house)
        first = await taken(house)
        await rotation.rotate(house.ledger, house.caller("ledger"))
        await certain(house, house.record("one"))
        assert (await checked(house, await taken(house), earlier=first)).last == 2
        await settled(house)
        assert (await checked(house, await taken(house), earlier=first)).last == 3

    in_sight(story)


def test_what_is_in_the_log_and_not_written_down_yet_is_told_too(in_sight):
    async def story(house):
        await certain(house, house.record("one"), house.record("one"))
        await settled(house)
        async with house.database.transaction() as tx:
            await tx.put("UPDATE person_link SET place = NULL WHERE number = 2")
        assert (await checked(house, await taken(house))).last == 2

    in_sight(story)


def test_what_was_there_before_there_were_numbers_gets_its_own_when_it_is_asked_for(
    in_sight, postgres
):
    async def story(house):
        await certain(house, house.record("one"), house.record("one"))
        by_superuser(postgres, house, "DELETE FROM person_link", "DELETE FROM person_chain")
        await settled(house)
        assert len((await checked(house, await taken(house))).unnumbered) == 2
        await settled(house)
        assert (await checked(house, await taken(house))).last == 2

    in_sight(story)


def test_before_the_log_was_cosigned_there_is_nothing_to_take_away(in_sight):
    async def story(house):
        await certain(house, house.record("one"))
        assert (await answered(house)).status_code == 404
        assert (await house.http("GET", api.HISTORY_PATH)).status_code == 401

    in_sight(story)


def test_what_was_forgotten_by_age_is_before_the_first_number(in_sight, postgres):
    async def story(house):
        old = house.record("one", requested_at=house.clock.now().replace(year=2016))
        await certain(house, old)
        await certain(house, house.record("one"), house.record("one"))
        assert await retention.forget(house.database, clock=house.clock, actor="ledger") == 1
        await settled(house)
        history = await checked(house, await taken(house))
        assert (history.first, history.last) == (2, 3)

    in_sight(story)


def test_what_is_forgotten_before_its_turn_takes_the_numbers_before_it_along(in_sight):
    async def story(house):
        long_ago = house.clock.now().replace(year=2016)
        made = [{"requested_at": long_ago}, {}, {"requested_at": long_ago}, {}]
        records = [house.record("one", **changes) for changes in made]
        for one in records:
            await certain(house, one)
        assert await retention.forget(house.database, clock=house.clock, actor="ledger") == 2
        await settled(house)
        page = await house.page(await house.enter("one"))
        assert (page["first"], page["last"]) == (4, 4)
        numbers = {one["record"]: one["number"] for one in page["records"]}
        assert numbers == {records[1].record: None, records[3].record: 4}
        history = await checked(house, await taken(house))
        assert (history.first, history.last) == (4, 4)
        assert names(history.unnumbered) == [records[1].record]

    in_sight(story)


TURNED_BACK = (
    "UPDATE person_chain c SET (number, head, head_at) = (SELECT l.number, l.leaf, r.requested_at"
    " FROM person_link l JOIN record r ON r.record = l.record"
    " WHERE l.chain = c.chain ORDER BY l.number DESC LIMIT 1)"
)
SECOND = " WHERE record IN (SELECT record FROM person_link WHERE number = 2)"


def test_a_link_that_was_taken_out_is_made_again_while_its_record_is_there(in_sight, postgres):
    async def story(house):
        await certain(house, house.record("one"), house.record("one"))
        await settled(house)
        before = await rows(house)
        by_superuser(postgres, house, "DELETE FROM person_link WHERE number = 2", TURNED_BACK)
        await taken(house)
        await settled(house)
        assert await rows(house) == before
        assert (await checked(house, await taken(house))).last == 2

    in_sight(story)


@pytest.mark.parametrize(
    "statements",
    [
        (f"DELETE FROM record{SECOND}", "DELETE FROM person_link WHERE number = 2", TURNED_BACK),
        ("DELETE FROM person_link WHERE number = 2",),
        ("DELETE FROM person_link WHERE number = 1",),
        (f"DELETE FROM record{SECOND}",),
        ("UPDATE person_link SET number = 3 WHERE number = 2",),
        ("UPDATE record SET hidden = true",),
        ("UPDATE record SET person = sha256('another')",),
        ("UPDATE person_chain SET head = sha256('another')",),
    ],
)
def test_a_superuser_who_takes_something_out_is_told_to_the_person_and_to_oversight(
    in_sight, postgres, statements
):
    async def story(house):
        await certain(house, house.record("one"))
        await certain(house, house.record("one"))
        await settled(house)
        by_superuser(postgres, house, *statements)
        for _ in range(2):
            assert (await answered(house)).status_code == 503
        if "sha256('another')" not in statements[0] or "person =" in statements[0]:
            page = await house.page(await house.enter("one"))
            assert page["last"] < 2, "the page must not say that all are there"
        assert [kind for kind, _ in await house.alarms()] == ["chain-broken"]

    in_sight(story)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE record SET requester = 'lg-401307'{SECOND}",
        f"UPDATE record SET requested_at = requested_at - interval '1 year'{SECOND}",
        "UPDATE record_end SET outcome = 'NO_DATA' WHERE side = 'requester'",
        "DELETE FROM record_end WHERE side = 'requester'",
        "UPDATE person_link SET before = sha256('another') WHERE number = 2",
    ],
)
def test_a_superuser_who_changes_what_a_record_says_is_told_by_the_file(
    in_sight, postgres, statement
):
    async def story(house):
        await certain(house, house.record("one"), house.record("one"))
        await settled(house)
        by_superuser(postgres, house, statement)
        content = await taken(house)
        with pytest.raises(Wrong):
            await checked(house, content)

    in_sight(story)


def test_in_the_database_no_salt_of_a_link_or_an_end_stands(in_sight, postgres):
    async def story(house):
        await certain(house, house.record("one"))
        await settled(house)
        history = await checked(house, await taken(house))
        dump = postgres.dump(house.name)
        [row] = await rows(house)
        assert row.leaf.hex().encode() in dump  # the dump is the right one
        [link] = history.links
        for leaf in (link.leaf, *(end.leaf for end in link.record.ends)):
            assert leaf.salt.hex().encode() not in dump

    in_sight(story)


def test_two_files_of_two_people_have_nothing_in_common_but_the_log(in_sight):
    async def story(house):
        await certain(house, house.record("one"), house.record("other"))
        await settled(house)
        one = msgspec.json.decode(await taken(house))
        other = msgspec.json.decode(await taken(house, "other"))
        assert one["chain"] != other["chain"]
        for name in ("salt", "place"):
            assert one["links"][0]["leaf"][name] != other["links"][0]["leaf"][name]
        assert one["checkpoint"] == other["checkpoint"]

    in_sight(story)
