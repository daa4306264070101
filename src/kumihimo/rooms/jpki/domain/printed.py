"""What a sign certificate says of its holder, and the ids that name a certificate's subject."""

import base64
from datetime import date
from typing import Final

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import BadInput
from kumihimo.people.addresses import Address
from kumihimo.people.births import BirthDate
from kumihimo.people.names import PersonName
from kumihimo.people.sexes import Sex
from kumihimo.rooms.jpki.api import Ca, HolderAttributes
from kumihimo.rooms.jpki.domain.certificates import PrintedAttributes

# Era digit, first day. A date before all of them has the digit 0 (our choice).
_ERAS: Final = (
    ("5", date(2019, 5, 1)),
    ("4", date(1989, 1, 8)),
    ("3", date(1926, 12, 25)),
    ("2", date(1912, 7, 30)),
    ("1", date(1868, 10, 23)),
)
_UNKNOWN_SEX: Final = "9"
_ID_BYTES: Final = 10
_LAST_LETTER: Final[dict[Ca, str]] = {"sign": "S", "auth": "A"}


def printed_birth(written: str) -> str:
    """Return a birth date as certificates write it: era digit, then YYYYMMDD, zeros for unknown."""
    year, month, day = (int(p) for p in BirthDate.parse(written).reveal_canonical().split("-"))
    latest = date(year, month or 12, day or 28)
    era = next((digit for digit, first in _ERAS if latest >= first), "0")
    return f"{era}{year:04}{month:02}{day:02}"


def printed(attributes: HolderAttributes) -> PrintedAttributes:
    """Return attributes as a sign certificate prints them; raises each value's own refusal."""
    name = PersonName.parse(attributes.name).reveal()
    address = Address.parse(attributes.address).reveal()
    sex = Sex.parse(attributes.sex)
    return PrintedAttributes(
        name=name,
        name_substitutes=_flags(attributes.name_substitutes, name, place="name_substitutes"),
        sex=_UNKNOWN_SEX if sex is None else sex.value,
        birth=printed_birth(attributes.birth),
        address=address,
        address_substitutes=_flags(
            attributes.address_substitutes, address, place="address_substitutes"
        ),
    )


def _flags(given: str, text: str, *, place: str) -> str:
    flags = given or "0" * len(text)
    if not (flags.isascii() and flags.isdigit() and len(flags) == len(text)):
        raise BadInput("one digit for each character", pointer=f"attributes.{place}")
    return flags


def new_id(entropy: Entropy, *, ca: Ca, municipality: str) -> str:
    """Return a subject's id: 16 random letters and digits, the municipality's five, a letter."""
    drawn = base64.b32encode(entropy.bytes(_ID_BYTES)).decode()
    return f"{drawn}{municipality[:5]}{_LAST_LETTER[ca]}"
