"""A jpki beside a real register, people in it with cards, and a verifier who has their consents."""

from typing import Any

import attrs
import httpx2
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import open_payload
from kumihimo.kernel.sql import Database
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.jpki import forms, verifiers
from kumihimo.rooms.jpki.api import HolderAttributes
from kumihimo.rooms.jpki.domain.consents import ITEMS, NOBODY, Statement, Withdrawal
from kumihimo.rooms.register import api as register
from kumihimo.rooms.register.app import build as build_register
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.quota import Limits
from tests.rooms.jpki.holders import Verifier, chip
from tests.rooms.jpki.house import House
from tests.rooms.register.house import House as RegisterHouse
from tests.rooms.register.made import MINATO, attributes, birth, code

USE = "address-change"
RECEIVER = ("signature_verifier", "authentication_verifier", "attribute_receiver")


@attrs.frozen
class Person:
    """Somebody in the register: her number of the test, what jpki calls her, what is written."""

    who: int
    holder: bytes
    written: register.Attributes


class LatestHouse(House):
    """The house of jpki with a register next door."""

    def __init__(self):
        super().__init__()
        self.asked = 0
        self.before_answer: Any = None

    async def start(self, new_room, *, founded=True):
        await super().start(new_room, founded=founded)
        self.register_name, reached = new_room("register")
        self.register_database = Database(reached.runtime, pool_max=4)
        await self.register_database.open()
        self.open_register(Limits(per_minute=3_000, per_day=100_000))

    def open_register(self, limits):
        """Put register together, anew where jpki shall ask less."""
        self.register = Register.of(
            database=self.register_database,
            keys=self.keys["register"],
            directory=self.book,
            clock=self.clock,
            entropy=self.entropy,
            space=NumberSpace.TEST,
            limits=limits,
            affairs=frozenset(),
        )
        self.register_room = build_register(
            self.register, book=self.book, net=self.net, report=self._bug
        )
        self.apps["register"] = self.register_room.app

    async def stop(self):
        await self.register_database.close()
        await super().stop()

    async def handle_async_request(self, request):
        if request.url.host not in self.apps:
            raise httpx2.ConnectError("nobody lives there")
        if request.url.path == register.LATEST_PATH:
            self.asked += 1
            answer = await super().handle_async_request(request)
            if self.before_answer is not None:
                await self.before_answer()
            return answer
        return await super().handle_async_request(request)

    def to_register(self, question, path):
        return RegisterHouse.sealed(self, question, path)  # pyright: ignore[reportArgumentType]

    async def recorded(self, *events):
        """Let events happen in Minato, and let jpki hear of them."""
        asked = self.to_register(register.EventBatch(events), register.EVENTS_PATH)
        await self.caller(MINATO).call(
            "register", register.EVENTS_PATH, asked, register.EventsTaken
        )
        while await self.register_room.outbox.run_once():
            pass

    async def resident(self, who=1):
        """Let somebody live in Minato with a number, and let cards be told of her."""
        born = birth(who)
        await self.recorded(born)
        given = await self._ask(
            MINATO,
            register.DESIGNATE_PATH,
            register.Designate((code(who),)),
            register.Designations,
        )
        asked = register.HolderAsked(number=given.designated[0].number, attributes=attributes(born))
        found = await self._ask("cards", register.HOLDER_PATH, asked, register.HolderFound)
        return Person(who, found.for_jpki, attributes(born))

    async def _ask(self, party, path, question, reply):
        sealed = self.to_register(question, path)
        answer, _ = await self.caller(party).call("register", path, sealed, register.Sealed)
        key = self.keys[party].payload
        return msgspec.json.decode(
            open_payload(answer.payload, key=key, context=path.encode()), type=reply
        )

    async def card_of(self, person, *, version=1, **changes):
        """Give a person a card whose keys are here."""
        written = person.written
        given = HolderAttributes(
            name=written.name, birth=written.birth, sex=written.sex, address=written.address
        )
        return await chip(self, holder=person.holder, attributes=given, version=version, **changes)


class Receiver(Verifier):
    """A verifier that may learn attributes, with the key that they are sealed to."""

    def __init__(self, house, name, token, key):
        super().__init__(house, name, token)
        self.house, self.key = house, key

    def statement(self, **changes: Any):
        today = self.house.jpki.today()
        wanted: dict[str, Any] = {
            "consent": new_id(self.house.entropy),
            "verifier": self.name,
            "platform": NOBODY,
            "use": USE,
            "items": ITEMS,
            "starts_on": today,
            "ends_on": today.replace(year=today.year + 1),
        }
        return Statement(**(wanted | changes))

    async def consented(self, card, **changes):
        """Have a holder consent; returns the consent's id."""
        statement = self.statement(**changes)
        given = await self.give_consent(signed(card, statement))
        assert (given.consent, given.ends_on) == (statement.consent, statement.ends_on)
        return given.consent

    async def attributes(self, consent, **more):
        return await self.latest(consent, key=self.key, **more)


async def receiver(house, name="bank", *, roles=RECEIVER, uses=(USE,), platform=None):
    key = X25519PrivateKey.generate()
    token = await verifiers.register(
        house.jpki,
        name,
        roles,
        platform=platform,
        uses=uses,
        payload_key=key.public_key().public_bytes_raw(),
    )
    return Receiver(house, name, token, key)


def signed(card, statement, *, ca="sign", text=None, **more):
    """Return a consent or a withdrawal as a holder signed it; `text` is what she signed instead."""
    written = statement.text()
    form = forms.WithdrawConsents if isinstance(statement, Withdrawal) else forms.GiveConsent
    return form(
        certificate=card.der[ca],
        statement=written,
        signature=card.sign((text or written).encode(), ca),
        **more,
    )
