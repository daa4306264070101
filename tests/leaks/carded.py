"""Cards for the people of the full run: applied for, made, handed over, and one that is still due.

Canaries are PINs, the secrets of the chips and the printed codes: what a holder or a chip knows.
"""

import attrs

from kumihimo.card.applications import AUTH_KEY, JPKI, SIGN_KEY, TEXT, TEXT_A, TEXT_B, VISUAL
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Volatile, slot
from kumihimo.card.portraits import portrait
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Centre, Counter, Visitor
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.notes import FileNotes
from kumihimo.rooms.cards.production import make_next
from kumihimo.rooms.register import api as register
from tests.federation.street import MINATO

PASSWORDS = ("QZ7XW4KVJ9P2", "HB8NYT5GM3RD", "C6FU1LSE0AO7")
FOUR = ("7391", "8264", "9573")
SECRET_SLOTS = (
    slot(JPKI.name, AUTH_KEY),
    slot(JPKI.name, SIGN_KEY),
    slot(TEXT.name, TEXT_A),
    slot(TEXT.name, TEXT_B),
    slot(VISUAL.name, 0x0013),
)


def pins(which) -> dict[PinKind, Withheld[str]]:
    four = Withheld(FOUR[which])
    return {"sign": Withheld(PASSWORDS[which]), "auth": four, "register": four, "text": four}


@attrs.define
class Carded:
    """What a run with cards leaves beside the dumps."""

    serials: list[str] = attrs.field(factory=list)
    forms: list[str] = attrs.field(factory=list)
    pictures: list[bytes] = attrs.field(factory=list)
    secrets: list[bytes] = attrs.field(factory=list)
    refusals: list[bytes] = attrs.field(factory=list)
    notes: str = ""


async def cards_for(street, births, numbers, *, notes):
    """Give the first person a card whose PINs she forgets once; the second one has applied."""
    left, entropy = Carded(), street.entropy
    centre = Centre(street.caller(MINATO), street.book)

    async def applied(one, number, **form):
        application = new_id(entropy)
        four = register.Attributes(name=one.name, birth=one.birth, sex=one.sex, address=one.address)
        asked = api.OpenApplication(application=application, number=number, attributes=four)
        opened = await centre.ask(api.OPEN_PATH, asked, api.OpenedApplication)
        picture = portrait(SeededEntropy(number))
        taken = api.TakePhoto(application=application, photo=picture)
        await centre.ask(api.PHOTO_PATH, taken, api.PhotoTaken)
        wish = api.Submit(application=application, channel="counter", **form)
        await centre.ask(api.SUBMIT_PATH, wish, api.Application)
        left.forms.append(opened.form)
        left.pictures.append(picture)

    await applied(births[0], numbers[0])
    room = street.cards.cards
    while await make_next(room):
        pass
    [serial] = room.factory.cards
    memory = Volatile(room.factory.cards[serial])
    counter = Counter(
        centre=centre,
        transmit=Chip(card_in(memory), memory, entropy=entropy).process,
        notes=FileNotes(notes),
        entropy=entropy,
        name="terminal-1",
    )
    card = await counter.find()
    for step in ("ship", "notify"):
        asked = api.HandleCard(card=card.card, event=step, officer="officer-1")
        await centre.ask(api.HANDLE_PATH, asked, api.CardAfter)
    visitor = Visitor(
        officer="officer-1", second_officer="officer-2", papers=("passport",), form=card.form
    )
    wrong = attrs.evolve(visitor, papers=())
    for act in (wrong, visitor):
        try:
            await counter.act("activate", act, secrets=pins(0))
        except Refused as refusal:
            left.refusals.append(repr(refusal.remote).encode())
    await counter.act("pins", visitor, secrets=pins(1))
    await counter.act("certificates", visitor)
    left.serials.append(serial)
    left.secrets += [value for name in SECRET_SLOTS if (value := memory.read(name))]
    # The second one's is still to be made: number and PINs stand on it, locked.
    await applied(
        births[1],
        numbers[1],
        handover="checked-at-application",
        papers=("passport",),
        pins={kind: pin.reveal() for kind, pin in pins(2).items()},
    )
    left.notes = notes.read_text()
    assert left.refusals
    return left
