"""Rooms that stand in a state of which the page for operators tells, each at a door of its own."""

from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.grace import Running
from kumihimo.kernel.health import Age, Health, Overdue, Queue
from kumihimo.kernel.plain_http import Answer, listening
from kumihimo.run.dashboard import Dashboard, application
from kumihimo.run.loopback import free_port
from tests.federation.street import START

GRACE = Running(missing="ledger", silent_s=7_500, left_s=78_900, then="ledger-silent")
OVER = Running(missing="oversight", silent_s=90_000, left_s=0, then="directory-too-old")
ALARM = Overdue(of="outbox", party="ledger", age_s=7_500, limit_s=900)
OLD = Overdue(of="list sign", party="", age_s=93_600, limit_s=90_000)


def told(room, state, **more: Any):
    queues = (Queue(queue="outbox", party="<ledger>", count=1_234, oldest_s=7_500),)
    ages = (Age(what="directory", age_s=7), Age(what="checkpoint", age_s=None))
    given: dict[str, Any] = {"queues": queues, "ages": ages, "graces": (), **more}
    return msgspec.json.encode(Health(room=room, at=START, state=state, **given))


EVERY = {
    "register": told("register", "ok"),
    "linkage": told("linkage", "alarm", graces=(GRACE,), alarms=(ALARM,)),
    "jpki": told("jpki", "alarm", alarms=(OLD,)),
    "cards": told("cards", "refusing", graces=(OVER,)),
    "gateway-east": told("gateway", "no-database", queues=(), ages=()),
    "oversight": told("oversight", "damaged", broken=(Age(what="journal edited", age_s=61),)),
    "portal": b"<html>",
}


@asynccontextmanager
async def dashboard(answers=EVERY, *, silent=("ledger",), clock=None, canary=None):
    """Yield the page of rooms that give these answers, and how often they were asked."""
    asked = []

    async def served(room, body, stack):
        async def answer(question):
            asked.append((room, question.path))
            return Answer(b"200 OK", b"application/json", body)

        port = free_port()
        await stack.enter_async_context(listening(answer, "127.0.0.1", port))
        return f"http://127.0.0.1:{port}"

    async with AsyncExitStack() as stack:
        doors = {room: await served(room, body, stack) for room, body in answers.items()}
        doors |= {room: f"http://127.0.0.1:{free_port()}" for room in silent}
        page = Dashboard(doors, clock or HandClock(START), canary)
        yield application(page, lambda *bug: asked.append(bug)), asked
