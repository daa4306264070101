"""マイナンバー登録事務のデジタル化: a number goes from the chip into the vault, and past nobody."""

import asyncio
from datetime import UTC, date, datetime

import attrs
import pytest

from kumihimo.card import terminal as reader
from kumihimo.card.apdu import Command
from kumihimo.card.applications import NUMBER, TEXT, TEXT_PIN
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile, slot
from kumihimo.card.specimen import specimen
from kumihimo.kernel import turns
from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.net import Refused
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway import clients, store_persons
from kumihimo.rooms.gateway.acquire import TURN
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from kumihimo.run.plan import Plan
from kumihimo.run.street import open_street
from tests.federation.desk import Bridge, Desk
from tests.federation.street import MINATO, OSAKA
from tests.federation.test_a_cards_year import HANAKO, PINS, Year

AFFAIR = "b081"
PIN = Withheld(PINS["text"].reveal().encode())


@attrs.frozen
class Counter:
    """A business system with a reader, and Hanako's card."""

    year: Year
    desk: Desk
    seen: list[bytes]

    @property
    def chip(self):
        return self.year.chips["hanako"]

    @property
    def number(self):
        return self.year.people[HANAKO][0]

    async def read(self, addressee="100", *, chip=None, pin=PIN, affair=AFFAIR):
        process = (chip or self.chip).process
        return await self.desk(
            lambda client: client.number_from_chip(
                addressee,
                card=process,
                pin=pin,
                affair=affair,
                officer="officer-7",
                terminal="window-2",
            )
        )


class Watched(Bridge):
    """Carries what a business system says, and keeps it."""

    def __init__(self, app, loop, seen):
        super().__init__(app, loop)
        self._seen = seen

    def handle_request(self, request):
        answer = super().handle_request(request)
        self._seen.append(str(request.url).encode() + b" " + answer.read())
        return answer


@pytest.fixture
def at_counter(server):
    def run(story, affairs=(EVERY_AFFAIR,)):
        async def whole():
            clock = HandClock(datetime(2026, 6, 1, 1, tzinfo=UTC))
            bugs = []
            street = await open_street(
                Plan(
                    gateways={"gateway": (MINATO, OSAKA)},
                    assessed=dict.fromkeys((MINATO, OSAKA), date(2026, 1, 1)),
                ),
                postgres=server,
                clock=clock,
                entropy=SystemEntropy(),
                report=lambda where, error: bugs.append((where, error)),
            )
            try:
                year = Year(street, clock)
                await year.born(HANAKO)
                await year.apply(HANAKO)
                await year.make("hanako")
                await year.deliver("hanako")
                seen = []
                await story(Counter(year, await _desk(street, affairs, seen), seen))
            finally:
                await street.close()
            assert bugs == []

        asyncio.run(whole())

    return run


async def _desk(street, affairs, seen):
    room, tenant = street.room_of(MINATO), street.tenant(MINATO)
    token = await clients.create(room.gateway, tenant, "tax", affairs)
    bridge = Watched(room.app, asyncio.get_running_loop(), seen)
    client = BusinessClient("http://gateway", token, transport=bridge)
    return Desk(client, room, tenant)


def test_a_number_is_read_from_the_chip_into_the_vault_with_where_it_was_read(at_counter):
    async def story(counter):
        assert (await counter.read()).outcome == "REGISTERED"
        told = await counter.desk(lambda client: client.provenance("100"))
        assert (told.affair, told.officer, told.terminal) == (AFFAIR, "officer-7", "window-2")
        assert told.read_on == date(2026, 6, 1)
        assert (await counter.read()).outcome == "KNOWN"
        assert (await counter.read("200")).outcome == "ATTACHED"

    at_counter(story)


def test_her_code_is_acquired_to_its_end_though_another_has_the_turn_at_it(at_counter):
    """As the demo does it, beside its gateway's own worker."""

    async def story(counter):
        street = counter.year.street
        database, now = street.room_of(MINATO).gateway.database, street.clock.now()
        turn = f"acquiring|{MINATO}"

        async def waits():
            async with database.transaction(institution=MINATO) as tx:
                return await store_persons.anybody_waits(tx)

        await counter.read()
        async with database.transaction(institution=MINATO) as tx:
            assert await turns.take(tx, turn, at=now, until=now + TURN)
        while await street.acquire(MINATO):
            pass
        assert await waits(), "whoever asks once takes that for the end"
        whole = asyncio.create_task(street.acquire_all(MINATO))
        await asyncio.sleep(0.5)
        assert not whole.done()
        async with database.transaction(institution=MINATO) as tx:
            await turns.end(tx, turn, taken_until=now + TURN, at=now)
        await whole
        assert not await waits()

    at_counter(story)


def test_the_number_is_handed_back_to_nobody_and_is_in_no_answer_address_or_dump(
    at_counter, server
):
    async def story(counter):
        await counter.read()
        dump = server.dump("gateway")
        serial = counter.year.cards["hanako"].encode()
        for secret in (counter.number.encode(), serial):
            assert not [said for said in counter.seen if secret in said]
            assert secret not in dump
        assert b'"100"' in b"".join(counter.seen)  # the search finds what was said

    at_counter(story)


def test_a_person_who_was_registered_otherwise_gets_her_provenance_when_her_chip_is_read(
    at_counter,
):
    async def story(counter):
        number, written = counter.year.people[HANAKO]
        attributes = Attributes(
            name=written.name, birth=written.birth, sex=written.sex, address=written.address
        )
        register = counter.desk
        await register(
            lambda client: client.register_from_card("100", number=number, attributes=attributes)
        )
        told = await register(lambda client: client.provenance("100"))
        assert (told.source, told.officer, told.terminal) == ("card", "", "")
        await counter.read()
        told = await register(lambda client: client.provenance("100"))
        assert (told.source, told.affair) == ("chip", AFFAIR)

    at_counter(story)


def test_what_no_issuer_of_cards_signed_is_not_believed(at_counter):
    async def story(counter):
        memory = Volatile(dict(counter.year.room.factory.cards[counter.year.cards["hanako"]]))
        other = Volatile(specimen(entropy=SystemEntropy()))  # a whole card of another hierarchy
        content = memory.contents[slot(TEXT.name, NUMBER)]
        swapped = content[:3] + bytes([content[3] ^ 1]) + content[4:]
        memory.write({slot(TEXT.name, NUMBER): swapped})
        forged = Chip(card_in(memory), memory, entropy=SystemEntropy())
        stranger = Chip(card_in(other), other, entropy=SystemEntropy())
        counter_pin = Withheld(b"1357")
        _set_text_pin(memory, counter_pin)
        for chip, pin in ((forged, counter_pin), (stranger, Withheld(b"1234"))):
            with pytest.raises(Refused) as refused:
                await counter.read(chip=chip, pin=pin)
            assert refused.value.reason == "bad-card"

    at_counter(story)


def _set_text_pin(memory, pin):
    memory.write({slot(TEXT.name, TEXT_PIN): pin.reveal(), f"{TEXT.name}/0011/tries": b"\3"})


def test_a_system_reads_no_number_for_an_affair_that_it_does_not_handle(at_counter):
    async def story(counter):
        with pytest.raises(Refused) as refused:
            await counter.read(affair="b001")
        assert refused.value.reason == "not-allowed"

    at_counter(story, affairs=(AFFAIR,))


def test_without_the_holders_pin_nothing_leaves_the_chip(at_counter):
    async def story(counter):
        with pytest.raises(reader.WrongPin):
            await counter.read(pin=Withheld(b"0000"))
        assert counter.seen == []
        answer = counter.chip.process(Command(0, 0xB0, 0, 0, le=256).encode())
        assert counter.number.encode() not in answer

    at_counter(story)
