"""Composition of a gateway, by hand."""

from collections.abc import Mapping

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
    async def send() -> int:
        return sum([await sending.run_once(gateway, tenant) for tenant in tenants.values()])

    async def acquire_codes() -> int:
        return sum([await acquire.run_once(gateway, tenant) for tenant in tenants.values()])

    async def purge() -> int:
        gone = 0
        for name, tenant in tenants.items():
            await answers.purge(gateway, tenant)
            gone += await retention.forget(
                gateway.database, clock=gateway.clock, actor=name, institution=name
            )
        return gone

    async def tag() -> int:
        return sum([await tagging.run_once(gateway, tenant) for tenant in tenants.values()])

    async def look() -> int:
        return await silence.look(gateway, tenants)

    return [
        Job("gateway-silence", look, SILENCE_PAUSE_S),
        outbox.job("gateway-outbox", OUTBOX_PAUSE_S, gathers=True),
        Job("gateway-sending", send, SENDING_PAUSE_S),
        Job("gateway-acquiring", acquire_codes, ACQUIRING_PAUSE_S),
        *_link_jobs(gateway, tenants),
        Job("gateway-tagging", tag, TAGGING_PAUSE_S),
        Job("gateway-purge", purge, PURGE_PAUSE_S),
    ]


def _link_jobs(gateway: Gateway, tenants: Mapping[str, Tenant]) -> list[Job]:
    async def follow_up() -> int:
        return sum([await consequences.run_once(gateway, tenant) for tenant in tenants.values()])

    async def check_links() -> int:
        checked = 0
        for name, affair in gateway.checks.items():
            try:
                checked += await checking.run_once(gateway, tenants[name], affair)
            except Refused as refusal:
                if not refusal.later:
                    raise
        return checked

    return [
        Job("gateway-checking", check_links, CHECKING_PAUSE_S),
        Job("gateway-consequences", follow_up, CONSEQUENCES_PAUSE_S),
    ]
