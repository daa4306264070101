"""She reads from an institution itself who used her data, by the Estonian data tracker's interface."""

import asyncio
from datetime import datetime, timedelta

import httpx2
import pytest

from kumihimo.kernel.clock import JST
from kumihimo.kernel.tracker import user_code
from kumihimo.rooms.gateway import tagging, tracker
from kumihimo.run.loopback import served
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA, transport_to
from tests.federation.test_a_person_reads import minato_asks
from tests.federation.test_her_own_data import enters, osaka_holds
from tests.federation.test_intake import card
from tests.rooms.ledger.test_tracker import FIND, HEARTBEAT, MODES, PERIOD, knocked
from tests.tracker import published


async def tagged(street, institution=OSAKA):
    room, _ = street.gateways[institution]
    while await tagging.run_once(room.gateway, street.tenants[institution]):
        pass


async def token_at(street, who, number, institution=OSAKA):
    """Let somebody in at the portal's ledger, and from there at an institution; None: unknown there."""
    herself = await enters(street, who, number)
    answers = (await herself.ask("usage"))["answers"]
    found = [one for one in answers if one["provider"] == institution]
    if not found:
        return None
    items = {item["item"]: item["value"] for item in found[0]["items"]}
    assert items["usage.code"] == user_code(items["usage.token"])
    return items["usage.token"]


async def asked(street, token, path=FIND, *, institution=OSAKA, code=None, **params):
    app = transport_to(street.gateways[institution][0].app)
    code = user_code(token) if code is None else code
    headers = {"authorization": f"Bearer {token}", "x-road-userid": code}
    async with httpx2.AsyncClient(transport=app, base_url="http://gateway") as http:
        return await http.get(path, params={"userCode": code, **params}, headers=headers)


async def uses(street, token, **params):
    await tagged(street)
    answer = await asked(street, token, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def others(found):
    """Leave out that she herself asked."""
    return [one for one in found["usages"] if one["receiverCode"] != "ledger"]


async def minato_again(street, times=1):
    minato = await open_desk(street, MINATO, name="again")
    for _ in range(times):
        await minato(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT
            )
        )
        street.clock.advance(timedelta(seconds=1))


def test_she_reads_from_the_institution_who_asked_and_another_person_reads_nothing(in_town):
    async def story(street, one, other):
        await minato_asks(street, one, times=11)  # more than are looked for at once
        osaka = await open_desk(street, OSAKA, name="second")
        await osaka(lambda c: c.register([card("8", other, 2)]))
        await osaka.acquire(street.register_room)
        mine, hers = await token_at(street, 1, one), await token_at(street, 2, other)
        found = await uses(street, mine)
        assert len(others(found)) == 11
        assert found["totalUsages"] == 12, "and that she asked herself"
        times = [datetime.fromisoformat(use["logtime"]) for use in found["usages"]]
        assert times == sorted(times, reverse=True)
        use = others(found)[0]
        assert (use["receiverCode"], use["receiverName"]) == (MINATO, "東京都港区")
        assert use["action"].startswith("児童手当法による児童手当の支給に関する事務")
        page = await uses(street, mine, offset=1, limit=2)
        assert (page["totalUsages"], page["usages"]) == (12, found["usages"][1:3])
        early = (await uses(street, mine, periodEnd=found["usages"][-2]["logtime"]))["usages"]
        assert early == found["usages"][-1:]
        nothing = await uses(street, mine, periodEnd="1990-01-01T00:00:00Z")
        assert nothing == {"totalUsages": 0, "usages": []}
        assert others(await uses(street, hers)) == []

    in_town(story)


def test_at_whoever_asked_too_and_a_refusal_like_a_provision(in_town):
    async def story(street, one, _):
        await minato_asks(street, one, case=False)
        await tagged(street, MINATO)
        token = await token_at(street, 1, one, MINATO)
        found = (await asked(street, token, institution=MINATO)).json()
        [use] = others(found)
        assert use["receiverCode"] == MINATO, "who asked is who received"
        assert use["action"].endswith("（提供なし：REFUSED_CASE）")

    in_town(story)


def test_what_is_hidden_is_in_neither_list_nor_count(in_town):
    async def story(street, one, _):
        await minato_asks(street, one)
        osaka = await open_desk(street, OSAKA, name="flags")
        await osaka(lambda c: c.set_flags("7", no_self_information=False, hidden=True))
        assert await token_at(street, 1, one) is None, "she asked while all was hidden"
        await minato_again(street, 2)
        await osaka(lambda c: c.set_flags("7", no_self_information=False, hidden=False))
        found = await uses(street, await token_at(street, 1, one))
        assert len(others(found)) == 1, "the one before it was hidden"
        assert found["totalUsages"] == 2

    in_town(story)


@pytest.mark.parametrize("flags", [(True, False), (False, True)])
def test_to_whom_all_is_withheld_the_institution_is_as_if_it_knew_nobody(in_town, flags):
    async def story(street, one, other):
        osaka = await osaka_holds(street, one)
        withheld, hidden = flags
        await osaka(lambda c: c.set_flags("7", no_self_information=withheld, hidden=hidden))
        seen = [await (await enters(street, *who)).ask("usage") for who in ((1, one), (2, other))]
        assert seen[0] == seen[1]

    in_town(story)


def test_a_token_lasts_as_long_as_a_session_and_opens_its_own_institution_and_person(in_town):
    async def story(street, one, _):
        await minato_asks(street, one)
        token = await token_at(street, 1, one)
        assert token is not None
        wrong = [
            "x" * 43,
            f"{OSAKA}." + "x" * 43,
            token.replace(OSAKA, MINATO),
            token.replace(OSAKA, "nobody"),
        ]
        for path in (FIND, PERIOD, HEARTBEAT):
            assert (await asked(street, token, path)).status_code == 200
            for bad in wrong:
                assert (await asked(street, bad, path)).status_code == 401
        assert (await asked(street, token, code="x" * 22)).status_code == 403
        assert (await asked(street, token, limit=1_001)).status_code == 400
        period = (await asked(street, token, PERIOD)).json()["periodStart"]
        kept = street.clock.now() - datetime.fromisoformat(period)
        assert timedelta(days=7 * 365) <= kept <= timedelta(days=7 * 366)
        street.clock.advance(tracker.LIFETIME)
        assert (await asked(street, token, HEARTBEAT)).status_code == 401

    in_town(story)


def test_without_the_key_no_tag_tells_that_two_records_are_of_one_person(in_town):
    async def story(street, one, _):
        await minato_asks(street, one, times=3)
        street.clock.advance(timedelta(days=1))
        await minato_again(street, 2)
        await tagged(street)
        gateway = street.gateways[OSAKA][0].gateway
        async with gateway.database.transaction(institution=OSAKA) as tx:
            cursor = await tx.connection.execute("SELECT tag FROM record_tag")
            tags = [bytes(tag) for (tag,) in await cursor.fetchall()]
        assert len(tags) == len(set(tags)) == 5
        tenant = street.tenants[OSAKA]
        async with gateway.database.transaction(institution=OSAKA) as tx:
            person = await tx.value("SELECT person FROM person LIMIT 1")
            today = street.clock.now().astimezone(JST).date()
            days = [today - timedelta(days=1), today]
            found = [
                await tagging.records_of(tx, tenant, person, first=day, last=day) for day in days
            ]
        assert [len(one) for one in found] == [3, 2], "and with it all are found, day by day"

    in_town(story)


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("mode", MODES)
def test_an_institutions_server_does_as_its_description_says_whatever_is_sent(in_town, mode):
    async def story(street, address, token):
        statuses = await asyncio.to_thread(knocked, address, token, mode, 20)
        assert statuses == ({200} if mode.is_positive else {400, 403})

    in_town(at_an_institution(story))


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_programs_made_of_the_published_document_alone_read_an_institution(in_town, tmp_path):
    made = published.generated(tmp_path)

    async def story(street, address, token):
        async with httpx2.AsyncClient(base_url=address, trust_env=False) as http:
            published.described_alike((await http.get("/schema/openapi.json")).json())
        code = user_code(token)
        assert await asyncio.to_thread(published.knocked, address, token, code) == {200, 400}
        found, period, heart = await asyncio.to_thread(published.reads, made, address, token, code)
        assert found.total_usages == len(found.usages) == 3
        assert {use.receiver_code for use in found.usages} == {MINATO, "ledger"}
        assert period.period_start < found.usages[-1].logtime
        assert heart.status == "OK"

    in_town(at_an_institution(story))


def at_an_institution(story):
    """Return the story of an institution of which two asked, served, with a token of hers there."""

    async def whole(street, one, _):
        await minato_asks(street, one, times=2)
        token = await token_at(street, 1, one)
        await tagged(street)
        async with served(street.gateways[OSAKA][0].app) as address:
            await story(street, address, token)

    return whole
