"""What the screens read out of forms: attributes, days, PINs, visitors, the second officer."""

from datetime import date
from typing import Final

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.forms import Form, text, texts
from kumihimo.pages.visits import Visit
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.counter import Visitor
from kumihimo.rooms.cards.domain.pins import PinKind, Pins
from kumihimo.rooms.cards.domain.refusals import PinsDiffer, SecondOfficerNeeded
from kumihimo.rooms.cards.domain.tables import proxy_reasons
from kumihimo.rooms.cards.pages.console import Console
from kumihimo.rooms.register.api import Attributes

PAPERS: Final = (
    "driving-licence", "my-number-card", "passport", "residence-card", "disability-handbook",
    "insurance-card", "pension-book", "student-card", "maternity-handbook", "certificate-of-birth",
    "photo-certificate",
)  # fmt: skip
FOUR_DIGITS: Final[tuple[PinKind, ...]] = ("register", "text")  # may be the same as the first


def attributes(form: Form) -> Attributes:
    """Return the four attributes as they were typed."""
    return Attributes(
        name=text(form, "name"),
        birth=text(form, "birth"),
        sex=text(form, "sex"),
        address=text(form, "address"),
    )


def day(form: Form, name: str) -> date | None:
    """Return a day, None where it was left out. Raises `BadInput`."""
    typed = text(form, name)
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise BadInput("a day such as 2026-04-01", pointer=name) from None


def typed_pins(form: Form, wanted: tuple[PinKind, ...]) -> dict[PinKind, str]:
    """Return what the holder typed for each secret, twice the same. Raises `PinsDiffer`.

    "The same for the others" is carried out.
    """
    typed: dict[PinKind, str] = {}
    for kind in wanted:
        if kind in FOUR_DIGITS and text(form, "same") and "auth" in typed:
            typed[kind] = typed["auth"]
            continue
        typed[kind] = text(form, f"pin-{kind}")
        if typed[kind] != text(form, f"pin-{kind}-again"):
            raise PinsDiffer(pointer=kind)
    return typed


def new_pins(form: Form, wanted: tuple[PinKind, ...]) -> dict[PinKind, Withheld[str]]:
    """Return the secrets that the holder typed. Raises `BadPin`."""
    return Pins.parse(typed_pins(form, wanted), wanted=frozenset(wanted)).values


async def second_officer(console: Console, visit: Visit, form: Form) -> str:
    """Return the second officer, who types a passcode of her own."""
    second = text(form, "second_officer")
    if not second or second == visit.who:
        raise SecondOfficerNeeded(pointer="second_officer")
    await console.porter.check(second, text(form, "second_passcode"))
    return second


def agent(form: Form) -> api.AgentShown | None:
    """Return who came for the holder or beside her, None for nobody."""
    kind = text(form, "agent")
    if not kind:
        return None
    papers = [*texts(form, "agent_papers")]
    reason = proxy_reasons().get(text(form, "reason"))
    if reason is not None and reason.paper and text(form, "reason_paper"):
        papers.append(reason.paper)
    return api.AgentShown(
        kind="legal-representative" if kind == "legal-representative" else "proxy",
        reason=text(form, "reason"),
        papers=tuple(papers),
    )


def visitor(visit: Visit, form: Form, *, second: str = "") -> Visitor:
    """Return who is there with which papers, as the officer says."""
    return Visitor(
        officer=visit.who,
        second_officer=second,
        form=text(form, "form"),
        holder_present=text(form, "present") != "no",
        papers=texts(form, "papers"),
        agent=agent(form),
    )
