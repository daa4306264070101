"""What the demo's scenes share: the street, the doors over HTTP, and a way to say what must hold."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import attrs
import msgspec

from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.rooms.gateway import clients
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from kumihimo.rooms.register import api as register
from kumihimo.run import settling
from kumihimo.run.family import Person
from kumihimo.run.loopback import served
from kumihimo.run.settling import Matched
from kumihimo.run.street import Street
from kumihimo.run.telling import Teller
from kumihimo.world.nation import World

T = TypeVar("T")

CHILD_ALLOWANCE: Final = "b081"
SPECIAL_ALLOWANCE: Final = "b066"
LOCAL_TAX: Final = "b024"
# As a reader knows them; the law's own words are long.
AFFAIRS: Final = {
    CHILD_ALLOWANCE: ("児童手当", "child allowance"),
    SPECIAL_ALLOWANCE: ("特別児童扶養手当", "special allowance"),
    LOCAL_TAX: ("地方税", "local tax"),
}
LAYOUT: Final = "local-tax/2024"
INCOME: Final = "local-tax.total-income"
LEVY: Final = "local-tax.income-levy"
# Where the doors are when the demo stays up, unless somebody else is there.
PORTS: Final = {
    settling.GATEWAYS[0]: 8404,
    settling.GATEWAYS[1]: 8405,
    "ledger": 8406,
    "register": 8407,
    "jpki": 8408,
    "cards": 8409,
}
CLAIMANT: Final = "C-0001"  # the number that the new town's allowance system gives the mother


@attrs.define(kw_only=True)
class Demo:
    """The story so far."""

    street: Street
    world: World
    postgres: EmbeddedPostgres
    folder: Path
    teller: Teller
    addresses: dict[str, str] = attrs.field(factory=dict[str, str])
    tokens: dict[str, str] = attrs.field(factory=dict[str, str])
    matched: Matched = attrs.field(factory=Matched)

    def name(self, institution: str) -> str:
        """Return an institution's name."""
        names = self.world.institutions
        found = names.filter(names["institution"] == institution)["name"]
        return str(found[0]) if len(found) else institution

    @asynccontextmanager
    async def open_doors(self, *, keep: bool) -> AsyncGenerator[None]:
        """Serve rooms on loopback, with their workers, while the block runs.

        Ports that a reader may note down are for a demo that stays; any other is gone too soon.
        """
        apps = {name: self.street.apps[name] for name in PORTS}
        async with AsyncExitStack() as open_ones:
            for name, app in apps.items():
                wished = PORTS[name] if keep else 0
                self.addresses[name] = await open_ones.enter_async_context(served(app, wished))
            yield

    async def desk(self, institution: str, act: Callable[[BusinessClient], T]) -> T:
        """Let an institution's business system do something, over HTTP with its own token."""
        street = self.street
        if institution not in self.tokens:
            token = await clients.create(
                street.room_of(institution).gateway,
                street.tenant(institution),
                "demo",
                [EVERY_AFFAIR],
            )
            self.tokens[institution] = token.reveal()
        address = self.addresses[street.plan.gateway_of(institution)]

        def work() -> T:
            with BusinessClient(address, self.tokens[institution]) as client:
                return act(client)

        return await asyncio.to_thread(work)


async def number_of(street: Street, town: str, person: Person) -> str:
    """Return a person's number, as the notice to a town's residents says it."""
    asked = register.Designate((person.resident_code,))
    context = register.DESIGNATE_PATH.encode()
    to = street.keys[register.PARTY].public.payload
    sealed = seal_payload(msgspec.json.encode(asked), to=to, context=context)
    answer, _ = await street.caller(town).call(
        register.PARTY, register.DESIGNATE_PATH, register.Sealed(sealed), register.Sealed
    )
    opened = open_payload(answer.payload, key=street.keys[town].payload, context=context)
    return msgspec.json.decode(opened, type=register.Designations).designated[0].number


class DoesNotHold(AssertionError):
    """What the demo shows is not so: a bug in Kumihimo."""


def must(held: bool, what: str) -> None:  # noqa: FBT001 - reads like a sentence
    """Raise `DoesNotHold` unless what the demo shows is so."""
    if not held:
        raise DoesNotHold(what)
