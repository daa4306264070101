"""jpki's doors: certificates for a card or a phone, what happens to them, the authorities' own.

A person is named by the holder reference that register keys for jpki alone. No individual number
and no resident code ever comes here. Orders carry what a sign certificate prints, so they and
their answers travel as `register.api.Sealed`, sealed to the receiver with the path as context.
"""

from datetime import date
from typing import Literal

import msgspec

PARTY = "jpki"

AUTHORITIES_PATH = "/authorities"
OCSP_PATH = "/ocsp"
OCSP_ADDRESS_PATH = "/ocsp/{asked:path}"
ISSUE_PATH = "/certificates/issue"
STATUS_EVENTS_PATH = "/certificates/events"

ORDERS_MAX = 100
EVENTS_MAX = 1_000

Ca = Literal["sign", "auth"]
Carrier = Literal["card", "android", "iphone"]
Reason = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
]
# What may happen to certificates. The first three come from register, not by `StatusEvent`.
EventKind = Literal[
    "attributes-changed",
    "death",
    "departure",
    "request",
    "loss",
    "found-again",
    "key-compromise",
    "replaced",
    "delivered",
    "never-delivered",
    "card-ended",
    "record-error",
    "authority-compromise",
]


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """One generation of an authority: its self-signed certificate, DER. 1 is the oldest."""

    ca: Ca
    generation: int
    certificate: bytes


class Authorities(msgspec.Struct, frozen=True):
    """Every generation of both authorities; generations of one share a name."""

    authorities: tuple[Authority, ...]


class HolderAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign certificate prints, as the register writes it.

    The substitutes say by one digit for each character whether it stands for one that cannot be
    written; left out, none does.
    """

    name: str
    birth: str
    sex: str
    address: str
    name_substitutes: str = ""
    address_substitutes: str = ""


class CertificateOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of one or both certificates for one carrier. `order` names it for ever.

    Keys are SubjectPublicKeyInfo, DER; an empty one asks for no certificate of that kind.
    `version` is how often the register has changed what it holds of the person (`HolderFound`): a
    change that is newer finds the order stale. `abroad` marks certificates that outlive a
    departure; `exceptional` allows a sign certificate under fifteen; `before_delivery` is the order
    of a card that its holder does not have yet: those she uses are good until `delivered`.
    """

    order: str
    holder: bytes
    version: int
    carrier: Carrier
    attributes: HolderAttributes
    municipality: str
    card_ends_on: date
    sign_key: bytes = b""
    auth_key: bytes = b""
    abroad: bool = False
    exceptional: bool = False
    before_delivery: bool = False


class IssueCertificates(msgspec.Struct, frozen=True):
    """At most 100 orders, inside a `Sealed`."""

    orders: tuple[CertificateOrder, ...]


class IssuedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order: its certificates with those of their authorities, DER, or a refusal.

    `refusal` is a refusal's code, `detail` what was wrong. A repeated order gets the same certificates again.
    """

    order: str
    refusal: str = ""
    detail: str = ""
    sign: bytes = b""
    auth: bytes = b""
    sign_authority: bytes = b""
    auth_authority: bytes = b""


class Issued(msgspec.Struct, frozen=True):
    """In the order asked; inside a `Sealed`."""

    issued: tuple[IssuedOrder, ...]


class StatusEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the certificates of one order, or to one of them (`only`)."""

    event: str
    kind: EventKind
    order: str
    only: Ca | None = None


class StatusEvents(msgspec.Struct, frozen=True):
    """At most 1,000 events; one that came before changes nothing."""

    events: tuple[StatusEvent, ...]


class StatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """How many certificates changed their status."""

    changed: int
