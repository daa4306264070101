"""A client of the Estonian data tracker reads a person's records here as it reads any register's."""

import asyncio
from datetime import datetime, timedelta

import httpx2
import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.core.transport import Response

from kumihimo.kernel.tracker import user_code
from kumihimo.rooms.ledger.service import END_WITHIN
from kumihimo.run.loopback import served
from tests.rooms.ledger.house import MINATO, START
from tests.tracker import published
from tests.tracker.published import BASE, DOORS, FEW, described_alike

FIND, PERIOD, HEARTBEAT = (BASE + door for door in DOORS)
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


async def asked(house, path, token, *, code=None, header=None, **params):
    code = user_code(token) if code is None else code
    headers = {"authorization": f"Bearer {token}", "x-road-userid": header or code}
    app = httpx2.ASGITransport(house.room.app)
    async with httpx2.AsyncClient(transport=app, base_url="http://ledger") as http:
        return await http.get(path, params={"userCode": code, **params}, headers=headers)


async def uses(house, token, **params):
    answer = await asked(house, FIND, token, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def some(house, count, **changes):
    return [
        house.record("one", requested_at=START - timedelta(hours=n), **changes)
        for n in range(count)
    ]


def test_she_reads_each_use_newest_first_with_its_purpose_in_the_laws_words(in_house):
    async def story(house):
        await house.exchanged(*some(house, 3))
        refused = house.record(
            "one", outcome="REFUSED_ITEM", requested_at=START - timedelta(days=1)
        )
        await house.deliver(refused, house.record("another"))
        found = await uses(house, await house.enter("one"))
        assert found["totalUsages"] == 4
        times = [datetime.fromisoformat(one["logtime"]) for one in found["usages"]]
        assert times == [START, *(START - timedelta(hours=n) for n in (1, 2, 24))]
        first, *_, last = found["usages"]
        assert first["action"].startswith("児童手当法による児童手当の支給に関する事務")
        assert last["action"].endswith("（提供なし：REFUSED_ITEM）")
        assert (first["receiverCode"], first["receiverName"]) == (MINATO, "東京都港区")

    in_house(story)


def test_what_is_hidden_is_in_neither_list_nor_count(in_house):
    async def story(house):
        shown, hidden, by_provider, silent = some(house, 4)
        await house.exchanged(shown)
        await house.deliver(hidden, ends=[house.end(hidden, hidden=True)])
        await house.deliver(by_provider, ends=[house.end(by_provider, hidden=True)])
        await house.deliver(silent)
        token = await house.enter("one")
        found = await uses(house, token)
        assert (found["totalUsages"], len(found["usages"])) == (1, 1)
        assert (await uses(house, token, offset=1)) == {"totalUsages": 1, "usages": []}
        house.clock.advance(END_WITHIN + timedelta(seconds=1))
        assert (await uses(house, await house.enter("one")))["totalUsages"] == 2

    in_house(story)


def test_period_offset_and_limit_cut_as_the_specification_says(in_house):
    async def story(house):
        await house.exchanged(*some(house, 5))
        token = await house.enter("one")
        whole = (await uses(house, token))["usages"]
        page = await uses(house, token, offset=1, limit=2)
        assert (page["totalUsages"], page["usages"]) == (5, whole[1:3])
        start, end = whole[3]["logtime"], whole[1]["logtime"]
        found = await uses(house, token, periodStart=start, periodEnd=end)
        assert (found["totalUsages"], found["usages"]) == (2, whole[2:4])
        local = (START - timedelta(hours=1) + timedelta(hours=9)).replace(tzinfo=None)
        assert (await uses(house, token, periodStart=local.isoformat()))["totalUsages"] == 2

    in_house(story)


def test_no_code_but_the_sessions_own_is_believed_and_it_lasts_no_longer(in_house):
    async def story(house):
        await house.exchanged(*some(house, 1), house.record("another"))
        mine, hers = await house.enter("one"), await house.enter("another")
        assert user_code(mine) != user_code(await house.enter("one"))
        for code, header in ((user_code(hers), None), (None, user_code(hers)), ("x" * 22, None)):
            answer = await asked(house, FIND, mine, code=code, header=header)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:kumihimo:not-allowed")
        for path in (FIND, PERIOD, HEARTBEAT):
            assert (await asked(house, path, mine)).status_code == 200
            assert (await asked(house, path, "x" * 43)).status_code == 401
        house.clock.advance(timedelta(minutes=15))
        assert (await asked(house, HEARTBEAT, mine)).status_code == 401

    in_house(story)


def test_the_code_tells_nothing_of_the_token_and_the_session_says_it(in_house):
    async def story(house):
        opened = (await house.open(house.ticket("one"))).json()
        assert opened["user_code"] == user_code(opened["token"])
        assert len(opened["user_code"]) == 22
        assert opened["user_code"] not in opened["token"]

    in_house(story)


@pytest.mark.parametrize(
    "wrong",
    [
        {"periodStart": "yesterday"},
        {"periodEnd": "12"},
        {"offset": -1},
        {"offset": 2**31},
        {"limit": 0},
        {"limit": 1_001},
    ],
)
def test_what_does_not_fit_the_form_is_refused(in_house, wrong):
    async def story(house):
        answer = await asked(house, FIND, await house.enter("one"), **wrong)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:kumihimo:bad-input")

    in_house(story)


def test_uses_are_kept_as_long_as_the_law_says(in_house):
    async def story(house):
        found = (await asked(house, PERIOD, await house.enter("one"))).json()
        kept = house.clock.now() - datetime.fromisoformat(found["periodStart"])
        assert timedelta(days=7 * 365) <= kept <= timedelta(days=7 * 366)

    in_house(story)


def test_the_description_has_the_shape_of_the_published_document(in_house):
    async def story(house):
        described_alike((await house.http("GET", "/schema/openapi.json")).json())

    in_house(story)


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
def test_a_server_does_as_the_published_document_says_whatever_it_lets_one_send(in_house):
    async def story(house):
        await house.exchanged(*some(house, 30))
        token = await house.enter("one")
        house.down.add("oversight")  # the workers of a ledger that is served look for it
        async with served(house.room.app) as address:
            statuses = await asyncio.to_thread(published.knocked, address, token, user_code(token))
        assert statuses == {200, 400}, "a limit of two thousand is refused"

    in_house(story)


def test_a_client_that_a_foreign_program_made_of_the_published_document_reads_her_records(
    in_house, tmp_path
):
    made = published.generated(tmp_path)

    async def story(house):
        await house.exchanged(*some(house, 3))
        token = await house.enter("one")
        house.down.add("oversight")
        async with served(house.room.app) as address:
            found, period, heart = await asyncio.to_thread(
                published.reads, made, address, token, user_code(token), offset=1, limit=1
            )
        assert found.total_usages == 3
        [use] = found.usages
        assert use.logtime == START - timedelta(hours=1)
        assert (use.receiver_code, use.receiver_name) == (MINATO, "東京都港区")
        assert use.action.startswith("児童手当法による児童手当の支給に関する事務")
        assert period.period_start < START
        assert heart.status == "OK"

    in_house(story)


# The room beside it, in another thread, draws too, which Hypothesis takes for its strategies' doing.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("mode", MODES)
def test_a_server_does_as_the_description_says_whatever_is_sent(in_house, mode):
    """Schemathesis over a socket: each answer is of a form and a status that stand there."""

    async def story(house):
        await house.exchanged(*some(house, 30))
        token = await house.enter("one")
        house.down.add("oversight")  # the workers of a ledger that is served look for it
        async with served(house.room.app) as address:
            statuses = await asyncio.to_thread(knocked, address, token, mode)
        assert statuses == ({200} if mode.is_positive else {400, 403})

    in_house(story)


def knocked(address, token, mode, examples=30):
    """Knock as the description lets one, or does not; return which statuses came."""
    headers = {"authorization": f"Bearer {token}", "x-road-userid": user_code(token)}
    with httpx2.Client(base_url=address, trust_env=False, headers=headers) as http:
        told = http.get("/schema/openapi.json").json()
        tracker = schemathesis.openapi.from_dict(told).include(path_regex="^/tracker/")
        paths = (FIND, PERIOD, HEARTBEAT) if mode.is_positive else (FIND,)  # others take nothing
        return {
            one
            for path in paths
            for one in knocked_at(http, tracker[path]["GET"], token, mode, examples)
        }


def knocked_at(http, operation, token, mode, examples):
    statuses = set[int]()

    @settings(FEW, max_examples=examples)
    @given(operation.as_strategy(generation_mode=mode))
    def knocks(case):
        query = {name: one for name, one in (case.query or {}).items() if one is not None}
        if mode.is_positive and "userCode" in query:
            query["userCode"] = user_code(token)
        answer = http.get(operation.path, params=query)
        operation.validate_response(Response.from_any(answer), case=case)
        statuses.add(answer.status_code)

    knocks()
    return statuses
