"""The demo's first chapters: a child is born, and her mother gets a card.

Register, cards, jpki and the chip are the real ones; the counter is the program that a municipality
runs. No PIN, number or serial is shown.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Final

import attrs

from kumihimo.card.applications import CHIP_KEY, COMMON
from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.holding import draw_rsa, stored
from kumihimo.card.memory import Volatile, slot
from kumihimo.card.portraits import portrait
from kumihimo.card.terminal import Transmit
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Centre, Counter, Visitor
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.notes import FileNotes
from kumihimo.rooms.cards.tray import MemoryTray
from kumihimo.rooms.register.api import Attributes
from kumihimo.run import settling
from kumihimo.run.demo_stage import Demo, must, number_of
from kumihimo.run.family import Family, Person

OFFICERS: Final = ("officer-1", "officer-2")
PAPERS: Final = ("driving-licence",)
PARENT: Final = api.AgentShown(
    kind="legal-representative", papers=("driving-licence", "family-register")
)
MADE_IN_S: Final = 60.0  # a bound for a machine that is busy, not a wait
_PAUSE_S: Final = 0.1
# What the mother types, and for the baby too. They are never shown, and no room knows hers.
SECRETS: Final[Mapping[PinKind, Withheld[str]]] = {
    "auth": Withheld("4649"),
    "register": Withheld("4649"),
    "text": Withheld("4649"),
    "sign": Withheld("ARUHI7NO"),
}


@attrs.frozen(kw_only=True)
class Applied:
    """Two applications: hers and the baby's."""

    mother: api.Application
    baby: api.Application


@attrs.frozen(kw_only=True, repr=False)
class CardInHand:
    """A card with its chip over a memory that can be kept."""

    memory: Volatile
    chip: Chip


async def birth(demo: Demo, family: Family) -> tuple[Family, Applied]:
    """Let a child be born and numbered, and cards be applied for; returns the family with her."""
    street, teller = demo.street, demo.teller
    town = demo.name(family.old_town)
    teller.scene(
        2,
        f"{town} で子が生まれ、カードを申請する",
        f"A child is born in {town}; her mother applies for cards.",
    )
    family, born = family.with_a_child(street.register.register.today(), street.entropy)
    await settling.send_events(street, family.old_town, [born])
    mother, baby = family.mother, family.baby
    numbers = [await number_of(street, family.old_town, one) for one in (mother, baby)]
    must(len(set(numbers)) == len(numbers), "the child has a number of her own")
    teller.say(
        "出生届が登録され、個人番号が指定された。番号はここには表示しない。",
        "Her birth is registered and a number designated. No number is shown here.",
    )
    hers = api.Submit(application=new_id(street.entropy), channel="counter")
    babys = api.Submit(
        application=new_id(street.entropy),
        channel="counter",
        handover="direct",
        express="infant",
        papers=("maternity-handbook", "certificate-of-birth"),
        agent=PARENT,
        pins={kind: SECRETS[kind].reveal() for kind in ("auth", "register", "text")},
    )
    applied = Applied(
        mother=await _apply(demo, family, mother, numbers[0], hers),
        baby=await _apply(demo, family, baby, numbers[1], babys),
    )
    teller.table(
        (("カード", "card"), ("写真", "photo"), ("受け取り", "handed over"), ("目安", "due")),
        [
            (
                ("母親の", "the mother's"),
                ("申請に結び付けた", "bound to her application"),
                ("窓口で、本人に", "at the counter, to her"),
                _due(applied.mother),
            ),
            (
                ("赤ちゃんの（特急）", "the baby's (express)"),
                ("1歳未満は不要", "none under one year"),
                ("郵送で", "by post"),
                _due(applied.baby),
            ),
        ],
    )
    return family, applied


async def _apply(
    demo: Demo, family: Family, person: Person, number: str, submit: api.Submit
) -> api.Application:
    centre, application = _centre(demo, family.old_town), submit.application
    written = Attributes(
        name=person.name, birth=person.birth, sex=person.sex, address=family.old_address
    )
    asked = api.OpenApplication(application=application, number=number, attributes=written)
    await centre.ask(api.OPEN_PATH, asked, api.OpenedApplication)
    if submit.handover == "counter":
        taken = api.TakePhoto(application=application, photo=portrait(demo.street.entropy))
        await centre.ask(api.PHOTO_PATH, taken, api.PhotoTaken)
    return await centre.ask(api.SUBMIT_PATH, submit, api.Application)


def _due(application: api.Application) -> str:
    assert application.due_from is not None, "whoever has applied is told when"
    assert application.due_by is not None, "whoever has applied is told when"
    return f"{application.due_from:%m-%d}〜{application.due_by:%m-%d}"


async def hand_over(demo: Demo, family: Family, applied: Applied) -> CardInHand:
    """Let the centre make the cards, and the counter hand hers over; returns hers."""
    teller, town = demo.teller, family.old_town
    teller.scene(
        3,
        "カードが作られ、窓口で交付される",
        "The cards are made; hers is handed over at the counter.",
    )
    centre = _centre(demo, town)
    card = await _made(centre, applied.mother)
    await _made(centre, applied.baby)
    for event in ("ship", "notify"):
        step = api.HandleCard(card=card.card, event=event, officer=OFFICERS[0])
        await centre.ask(api.HANDLE_PATH, step, api.CardAfter)
    tray = demo.street.cards.cards.factory
    assert isinstance(tray, MemoryTray), "a street's cards lie in memory"
    contents = tray.take(card.serial)
    copied = {**contents, slot(COMMON.name, CHIP_KEY): stored(draw_rsa())}
    copy_refused = False
    try:
        await _activate(demo, town, _card(demo, copied).chip.process, card.form)
    except Refused as refused:
        copy_refused = refused.reason == "wrong-chip"
    must(copy_refused, "a copy without the chip's own key is refused")
    hers = _card(demo, contents)
    commands: list[bytes] = []

    def transmit(command: bytes) -> bytes:
        commands.append(command)
        return hers.chip.process(command)

    ended = await _activate(demo, town, transmit, card.form)
    must(ended.state == "active", "the card is in her hand")
    delivered, held = await _counts(demo, town)
    must((delivered, held) == (1, 1), "one card is delivered, and held")
    _tell_of_delivery(demo, len(commands), delivered, held)
    teller.good(
        "暗証番号は本人とチップしか知らない。赤ちゃんのカードは郵送を待つ。",
        "Only she and her chip know the PINs. The baby's card waits for the post.",
    )
    return hers


async def _counts(demo: Demo, town: str) -> tuple[int, int]:
    """Return 交付枚数 and 保有枚数 of the whole country."""
    day = demo.street.register.register.today()
    counted, _ = await demo.street.caller(town).call(
        api.PARTY, api.COUNT_PATH, api.CountCards(day=day), api.CountedCards
    )
    return sum(one.delivered for one in counted.counts), sum(one.held for one in counted.counts)


def _tell_of_delivery(demo: Demo, commands: int, delivered: int, held: int) -> None:
    demo.teller.table(
        (("窓口で", "at the counter"), ("結果", "outcome")),
        [
            (
                ("本人確認（職員二人）", "identity check by two officers"),
                ("運転免許証と申請書が合う", "driving licence and form fit"),
            ),
            (
                ("チップに署名を求める：複製", "challenge to the chip: a copy"),
                ("拒否（鍵が違う）", "refused: wrong-chip"),
            ),
            (
                ("チップに署名を求める：本物", "challenge to the chip: hers"),
                ("この人のカードと確認", "proved to be the chip of her card"),
            ),
            (
                ("暗証番号の設定と有効化", "PINs set, card activated"),
                (f"有効（チップへの命令 {commands}）", f"active, {commands} commands"),
            ),
            (("交付枚数 / 保有枚数", "delivered / held"), f"{delivered} / {held}"),
        ],
    )


async def _made(centre: Centre, applied: api.Application) -> api.CardShown:
    """Wait until the centre has made a card; the room's own worker does."""
    show = api.ShowApplication(application=applied.application)
    deadline = monotonic() + MADE_IN_S
    while not (shown := await centre.ask(api.SHOW_PATH, show, api.Application)).card:
        must(monotonic() < deadline, "the card is made in time")
        await asyncio.sleep(_PAUSE_S)
    return await centre.ask(api.FIND_PATH, api.FindCard(card=shown.card), api.CardShown)


async def _activate(demo: Demo, town: str, transmit: Transmit, form: str) -> api.SessionEnded:
    visitor = Visitor(officer=OFFICERS[0], second_officer=OFFICERS[1], papers=PAPERS, form=form)
    return await counter(demo, town, transmit).act("activate", visitor, secrets=SECRETS)


def counter(demo: Demo, town: str, transmit: Transmit) -> Counter:
    """Return a town's counter with a chip in its reader."""
    return Counter(
        centre=_centre(demo, town),
        transmit=transmit,
        notes=FileNotes(demo.folder / "counter-notes"),
        entropy=demo.street.entropy,
        name="terminal-1",
    )


def _centre(demo: Demo, town: str) -> Centre:
    return Centre(demo.street.caller(town), demo.street.book)


def _card(demo: Demo, contents: Mapping[str, bytes]) -> CardInHand:
    memory = Volatile(contents)
    chip = Chip(card_in(memory), memory, entropy=demo.street.entropy)
    return CardInHand(memory=memory, chip=chip)
