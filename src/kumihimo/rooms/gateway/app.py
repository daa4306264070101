"""Composition of a gateway, by hand."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import attrs
from litestar import Litestar

from kumihimo.kernel import retention
from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter, SignedDoor, room_app
from kumihimo.kernel.net import Refused
from kumihimo.kernel.outbox import Letter, Outbox
from kumihimo.kernel.worker import Errands, Job, working
from kumihimo.rooms.gateway import (
    acquire,
    answers,
    checking,
    consequences,
    sending,
    silence,
    tagging,
)
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.http_business import router
from kumihimo.rooms.gateway.http_claims import ledger_routes
from kumihimo.rooms.gateway.http_exchange import routes, tracker_doors
from kumihimo.rooms.gateway.packs import pack_ends
from kumihimo.rooms.linkage.api import ENDS_PATH, Received
from kumihimo.rooms.oversight.client import anchoring

OUTBOX_PAUSE_S = 0.2
SENDING_PAUSE_S = 0.5
SILENCE_PAUSE_S = 5.0
ACQUIRING_PAUSE_S = 1.0
CHECKING_PAUSE_S = 60.0
CONSEQUENCES_PAUSE_S = 5.0
PURGE_PAUSE_S = 3_600.0
TAGGING_PAUSE_S = 5.0


@attrs.frozen
class GatewayRoom:
    """A gateway, ready to serve; its workers can also be driven by hand."""

    app: Litestar
    gateway: Gateway
    tenants: Mapping[str, Tenant]
    outbox: Outbox
    errands: Errands
    anchors: Anchoring


def build(gateway: Gateway, tenants: Mapping[str, Tenant], *, report: Reporter) -> GatewayRoom:
    """Put a gateway together."""

    async def deliver(letter: Letter) -> None:
        tenant = tenants[letter.sender]
        await gateway.caller(tenant).send(letter.destination, letter.topic, letter.body, Received)

    outbox = Outbox(
        gateway.database, deliver, gateway.clock, gateway.entropy, {ENDS_PATH: pack_ends}
    )
    door = SignedDoor(
        keys_of=lambda party: tenants[party].keys if party in tenants else None,
        book=gateway.book,
        clock=gateway.clock,
        entropy=gateway.entropy,
    )
    errands = Errands(report)
    # One journal for all, and a leaf needs one who signs it: the first of those who are here.
    voice = gateway.caller(tenants[min(tenants)])
    anchors = anchoring("gateway", gateway.database, voice, several=True)
    jobs = [
        *_jobs(gateway, tenants, outbox),
        Job("gateway-anchors", anchors.run_once, ANCHOR_PAUSE_S),
    ]
    app = room_app(
        "Kumihimo gateway",
        [
            *routes(gateway, tenants),
            *ledger_routes(gateway, tenants),
            tracker_doors(gateway, tenants),
            router(gateway, tenants, errands),
        ],
        report=report,
        door=door,
        lifespan=[working(jobs, report)],
    )
    return GatewayRoom(app, gateway, tenants, outbox, errands, anchors)


def _jobs(gateway: Gateway, tenants: Mapping[str, Tenant], outbox: Outbox) -> list[Job]:
    """Return the work beside the requests: each institution's by itself, so that none waits."""

    def of_each(
        name: str, act: Callable[[Gateway, Tenant], Awaitable[int]], pause_s: float
    ) -> list[Job]:
        return [
            Job(name, partial(act, gateway, tenant), pause_s, consumer=institution)
            for institution, tenant in tenants.items()
        ]

    async def look() -> int:
        return await silence.look(gateway, tenants)

    return [
        Job("gateway-silence", look, SILENCE_PAUSE_S),
        outbox.job("gateway-outbox", OUTBOX_PAUSE_S, gathers=True),
        *of_each("gateway-sending", sending.run_once, SENDING_PAUSE_S),
        *of_each("gateway-acquiring", acquire.run_once, ACQUIRING_PAUSE_S),
        *of_each("gateway-checking", _check_links, CHECKING_PAUSE_S),
        *of_each("gateway-consequences", consequences.run_once, CONSEQUENCES_PAUSE_S),
        *of_each("gateway-tagging", tagging.run_once, TAGGING_PAUSE_S),
        *of_each("gateway-purge", _purge, PURGE_PAUSE_S),
    ]


async def _purge(gateway: Gateway, tenant: Tenant) -> int:
    name = tenant.institution
    await answers.purge(gateway, tenant)
    return await retention.forget(
        gateway.database, clock=gateway.clock, actor=name, institution=name
    )


async def _check_links(gateway: Gateway, tenant: Tenant) -> int:
    affair = gateway.checks.get(tenant.institution)
    if affair is None:
        return 0
    try:
        return await checking.run_once(gateway, tenant, affair)
    except Refused as refusal:
        if not refusal.later:
            raise
        return 0
