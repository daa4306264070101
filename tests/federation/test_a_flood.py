"""One institution floods the core, its own gateway and its queues; another's inquiries all finish.

Nagoya, hosted by the same gateway as Minato, calls far more than its bounds and has a long queue of
letters and batches there. Through whole rooms, with their workers, and the doors that are served.
"""

import asyncio
from collections import Counter

import httpx2
import msgspec

from kumihimo.kernel import outbox
from kumihimo.kernel.admission import PARTIES
from kumihimo.kernel.message import sign_request
from kumihimo.kernel.worker import working
from kumihimo.rooms.gateway import asking, clients
from kumihimo.rooms.gateway.app import _jobs, build
from kumihimo.rooms.gateway.business import AcceptedQuestions, Poll, Questions
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from kumihimo.rooms.gateway.http_business import BUSINESS
from kumihimo.rooms.linkage.api import INQUIRIES_PATH, REFUSALS_PATH, InquiryBatch
from kumihimo.rooms.linkage.inside_api import LocalRefusals
from tests.federation.street import ALLOWANCE, MINATO, NAGOYA, transport_to
from tests.federation.test_exchange import JANE, jane_moves, question, settle_in
from tests.rooms.linkage.test_inquiries import made

CALLS = PARTIES.calls_each + 200
POLLS = BUSINESS.calls_each + 200
QUEUED = 300
ASKED = 30


async def hosted_together(street):
    """Let Minato's gateway host Nagoya, too; returns the room."""
    tenants = {name: street.tenants[name] for name in (MINATO, NAGOYA)}
    room = build(street.gateways[MINATO][0].gateway, tenants, report=street._bug)
    for name in tenants:
        street.gateways[name] = (room, street.gateways[MINATO][1])
        street.transport.apps[name] = transport_to(room.app)
    return room


class Client:
    """A business system that keeps no bound and does not come again."""

    def __init__(self, room, token):
        self.http = httpx2.AsyncClient(
            transport=transport_to(room.app),
            base_url="http://gateway",
            headers={"authorization": f"Bearer {token.reveal()}"},
            timeout=600,
        )

    async def post(self, path, message):
        return await self.http.post(path, content=msgspec.json.encode(message))


async def client_of(street, room, institution):
    token = await clients.create(room.gateway, street.tenants[institution], "tax", (EVERY_AFFAIR,))
    return Client(room, token)


async def call_core(street, body):
    """Call the core as Nagoya, by a program that waits for no turn of its own."""
    question = sign_request(
        street.keys[NAGOYA],
        path=INQUIRIES_PATH,
        recipient="linkage",
        body=body,
        at=street.clock.now(),
        entropy=street.entropy,
    )
    async with httpx2.AsyncClient(transport=street.transport, timeout=600) as http:
        return await http.post(f"http://linkage{INQUIRIES_PATH}", headers=question, content=body)


async def queue_up(street, room):
    """Put many batches and many letters of Nagoya into the gateway's queues, all due."""
    for _ in range(QUEUED):
        await asking.ask(room.gateway, street.tenants[NAGOYA], (question(),))
    at, empty = street.clock.now(), msgspec.json.encode(LocalRefusals(()))
    async with room.gateway.database.transaction(institution=NAGOYA) as tx:
        for _ in range(QUEUED):
            await outbox.put(
                tx, topic=REFUSALS_PATH, destination="linkage", sender=NAGOYA, body=empty, at=at
            )
    street.clock.advance(2 * asking.ERRAND_GRACE)


def counted(answers):
    """Return how many answers there were of each kind; whoever was refused is told when to come."""
    found = Counter()
    for answer in answers:
        code = "ok"
        if answer.status_code != 200:
            problem = answer.json()
            code = problem["type"].removeprefix("urn:kumihimo:")
            if code == "busy":
                assert answer.headers["retry-after"] == str(problem["retry_after_s"])
        found[code] += 1
    return found


def test_one_institutions_flood_is_refused_early_and_anothers_inquiries_all_finish(on_street):
    async def story(street):
        await jane_moves(street)
        room = await hosted_together(street)
        await settle_in(street, NAGOYA, "100", JANE, case=ALLOWANCE)
        await queue_up(street, room)
        body = msgspec.json.encode(InquiryBatch((await made(street, by=NAGOYA),)))
        minato, nagoya = [await client_of(street, room, one) for one in (MINATO, NAGOYA)]
        for client in (minato, nagoya):  # whose token a process has not seen is a stranger to it
            await client.post("/v1/inquiries/answers", Poll(("A" * 22,)))
        async with working(_jobs(room.gateway, room.tenants, room.outbox), street._bug)(room.app):
            calls = [asyncio.create_task(call_core(street, body)) for _ in range(CALLS)]
            polls = [
                asyncio.create_task(nagoya.post("/v1/inquiries/answers", Poll(("A" * 22,))))
                for _ in range(POLLS)
            ]
            asked = [
                asyncio.create_task(
                    minato.post("/v1/inquiries?wait=true", Questions((question(),)))
                )
                for _ in range(ASKED)
            ]
            answers = await asyncio.gather(*asked)
            flood = await asyncio.gather(*calls), await asyncio.gather(*polls)
        for answer in answers:
            assert answer.status_code == 200, answer.text
            told = msgspec.json.decode(answer.content, type=AcceptedQuestions)
            assert [one.outcome for one in told.answers] == ["OK"]
        for answered in flood:
            kinds = counted(answered)
            assert kinds.pop("busy", 0) > 0
            # Who waited ten seconds for the database in its own crowd is told so.
            assert set(kinds) <= {"ok", "not-found", "unavailable"}, kinds
        assert not street.bugs

    on_street(story)
