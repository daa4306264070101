"""What a gateway's doors take from another gateway: permit sheets in, sealed answers out.

(The business systems' own API is in `http.py` and `client.py`; only their institution may call
it.) A payload crosses only as HPKE to the requester's key, bound to permit and items.
"""

from datetime import date
from typing import Final, Literal

import msgspec

from kumihimo.kernel.keys import NotSealedForUs, Opening
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.linkage.api import Outcome, SignedSheet
from kumihimo.statute.law import USAGES

PROVISIONS_PATH = "/provisions"
RESULTS_PATH = "/provisions/results"
WITHDRAWN_PATH = "/provisions/withdrawn"

# What lets a person read from an institution itself who used her data there (the data tracker): she
# asks for it as for any data of her own, and it lasts as long as a session.
USAGE_LAYOUT: Final = f"{USAGES}/2026"
USAGE_TOKEN: Final = f"{USAGES}.token"
USAGE_CODE: Final = f"{USAGES}.code"
USAGE_UNTIL: Final = f"{USAGES}.until"


NoticeCategory = Literal["tax", "health", "child", "welfare", "pension", "procedure", "other"]
NOTICE_BLOCK: Final = 1024  # bytes: how long a notice is does not tell what it says


class NoticeContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is told (お知らせ), sealed to the ledger, which opens it when she is there.

    `link` is "" or begins with https://; `deadline` is the day on which she must have acted.
    """

    affair: str
    category: NoticeCategory
    title: str
    text: str
    deadline: date | None
    link: str


def notice_context(institution: str, notice: str) -> bytes:
    """Return what the seal of a notice is bound to."""
    return f"kumihimo-notice-v1\n{institution}\n{notice}".encode()


class Provide(msgspec.Struct, frozen=True):
    """Requester to provider: the sheet, as the core signed it."""

    sheet: SignedSheet


class Provision(msgspec.Struct, frozen=True, kw_only=True):
    """One permit's answer. `sealed` is JSON `Provided`, sealed by `Sealing`, when the outcome is OK."""

    permit: str
    outcome: Outcome
    sealed: bytes = b""


class Provisions(msgspec.Struct, frozen=True):
    """In the order of the sheet."""

    provisions: tuple[Provision, ...]


class Ask(msgspec.Struct, frozen=True):
    """Requester to provider: what became of these permits that waited for a person?"""

    permits: tuple[str, ...]


class WithdrawnProvisions(msgspec.Struct, frozen=True):
    """Provider to requester: what was given under these permits was of another person."""

    permits: tuple[str, ...]


class ItemValue(msgspec.Struct, frozen=True, kw_only=True):
    """One item as the provider's copy holds it, with the dates that say how fresh it is."""

    item: str
    value: str | int | float | bool | list[str] | None
    as_of: str
    registered_on: str
    layout: str


class Provided(msgspec.Struct, frozen=True):
    """The payload."""

    values: tuple[ItemValue, ...]


AnswerState = Literal["automatic", "manual"]


def payload_context(permit: str, items: tuple[str, ...]) -> bytes:
    """Return what a seal binds: the permit and its items, so an answer fits one question only."""
    return "\n".join(("kumihimo-provision-v1", permit, *items)).encode()


def read_provision(
    opening: Opening, permit: str, items: tuple[str, ...], provision: Provision | None
) -> tuple[Outcome, bytes | None]:
    """Return what a provider answered to one permit, and the JSON of `Provided` where it gave.

    What does not open, and what was not asked for, is as if nobody had answered: it has no permit,
    and must not rest with the requester whoever sent it.
    """
    if provision is None or provision.outcome != "OK":
        return ("PROVIDER_DOWN" if provision is None else provision.outcome), None
    try:
        payload = opening.open(provision.sealed, context=payload_context(permit, items))
        provided = decode_strictly(payload, Provided)
    except (NotSealedForUs, BadInput):
        return "PROVIDER_DOWN", None
    if not {value.item for value in provided.values} <= set(items):
        return "PROVIDER_DOWN", None
    return "OK", payload
