"""The columns that stand under an institution's key, and what they hold.

Whatever is particular about a person stands here: a thief of two databases could lay rows together
by a rare flag, by a day, or by the length of a name, as well as by a number. So locked values are
of one length for all but a few, and a case names its person by a tag that stands nowhere else.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec

from kumihimo.people.address_levels import AddressLevel
from kumihimo.people.birth_levels import BirthLevel
from kumihimo.rooms.gateway.business_links import LinkFinding
from kumihimo.rooms.gateway.context import Tenant
from kumihimo.rooms.register.api import Attributes

# Our choice: attributes with where they were read, and payloads of today's layouts fit into one block.
VAULT_BLOCK: Final = 1024
COPY_BLOCK: Final = 256
DETAIL_BLOCK: Final = 128

# Every table that names people, with an index by which their order tells nothing: random ids and
# keyed tags. An operator has them written anew in it, since the order of arrival tells something.
IN_RANDOM_ORDER: Final[Mapping[str, str]] = {
    "person": "person_pkey",
    "addressee": "addressee_person",
    "vault": "vault_pkey",
    "acquisition": "acquisition_pkey",
    "case_file": "case_file_person",
    "copy": "copy_person",
    "suspension": "suspension_pkey",
    "notice_sent": "notice_sent_pkey",
}


class PersonFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What this institution withholds of a person (`business.Flags` says what they mean).

    `link_suspended`: whether the number here is hers is being checked, so nothing goes out or in.
    """

    no_self_information: bool = False
    hidden: bool = False
    link_suspended: bool = False


class CopyContent(msgspec.Struct, frozen=True, kw_only=True):
    """A copy's values by item, and what is particular about it.

    `addressee` is whom the file named: two records that were taken for one person are told apart
    by it. "" in copies from before it was kept.
    """

    values: Mapping[str, Any]
    valid_from: date
    valid_to: date | None = None
    no_automatic_answer: bool = False
    addressee: str = ""


class RecordDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a legal record that names the person; locked in the database."""

    person: str
    reference: str
    copies: tuple[int, ...] = ()
    office: str = ""
    role: str = ""


class SuspensionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a doubt is about, who decided, and, after a correction, what had been wrong.

    `number` and `holder` are those of the person whose number stood on the record. `copies` were
    never about her. `shared`: another record stands under the same person, rightly.
    """

    addressee: str
    person: str
    officer: str
    decided_by: str = ""
    approved_by: str = ""
    number: str = ""
    holder: Attributes | None = None
    corrected_to: str = ""
    copies: tuple[int, ...] = ()
    shared: bool = False


def lock_suspension(tenant: Tenant, suspension: str, detail: SuspensionDetail) -> bytes:
    """Lock whom a doubt is about, bound to its row."""
    value = msgspec.json.encode(detail)
    return tenant.locker.lock(value, label=_suspension_label(tenant, suspension), block=VAULT_BLOCK)


def unlock_suspension(tenant: Tenant, suspension: str, locked: bytes) -> SuspensionDetail:
    """Read whom a doubt is about."""
    value = tenant.locker.unlock(locked, label=_suspension_label(tenant, suspension))
    return msgspec.json.decode(value, type=SuspensionDetail)


def lock_misled(tenant: Tenant, suspension: str, record: RecordDetail) -> bytes:
    """Lock what a misled exchange was about, bound to the doubt that it came of."""
    value = msgspec.json.encode(record)
    label = _suspension_label(tenant, suspension) + b"|misled"
    return tenant.locker.lock(value, label=label, block=DETAIL_BLOCK)


def unlock_misled(tenant: Tenant, suspension: str, locked: bytes) -> RecordDetail:
    """Read what a misled exchange was about."""
    label = _suspension_label(tenant, suspension) + b"|misled"
    return msgspec.json.decode(tenant.locker.unlock(locked, label=label), type=RecordDetail)


def lock_recipient(tenant: Tenant, notice: str, letter: bytes) -> bytes:
    """Lock whom a letter goes to, bound to its row."""
    label = f"{tenant.institution}|notice|{notice}".encode()
    return tenant.locker.lock(letter, label=label, block=VAULT_BLOCK)


def unlock_recipient(tenant: Tenant, notice: str, locked: bytes) -> bytes:
    """Read whom a letter goes to."""
    return tenant.locker.unlock(locked, label=f"{tenant.institution}|notice|{notice}".encode())


def lock_found(tenant: Tenant, run: str, finding: bytes) -> bytes:
    """Lock what a check found, bound to its run."""
    label = f"{tenant.institution}|finding|{run}".encode()
    return tenant.locker.lock(finding, label=label, block=COPY_BLOCK)


# Words of an earlier program that stored findings may have, with what of today's is true of each:
# rather less than was seen then than more.
_EARLIER: Final[Mapping[tuple[str, str], str]] = {
    ("birth", "swapped"): BirthLevel.DIFFERENT.value,
    ("address", "canonical"): AddressLevel.WITHOUT_ROOM.value,
    ("address", "room"): AddressLevel.OTHER_ROOM.value,
}


def unlock_found(tenant: Tenant, run: str, locked: bytes) -> LinkFinding:
    """Read what a check found, in today's words."""
    label = f"{tenant.institution}|finding|{run}".encode()
    found: dict[str, Any] = msgspec.json.decode(tenant.locker.unlock(locked, label=label))
    for (attribute, word), now in _EARLIER.items():
        if found[attribute] == word:
            found[attribute] = now
    return msgspec.convert(found, LinkFinding)


def _suspension_label(tenant: Tenant, suspension: str) -> bytes:
    return f"{tenant.institution}|suspension|{suspension}".encode()


def lock_flags(tenant: Tenant, person: str, flags: PersonFlags) -> bytes:
    """Lock a person's flags; all of one length, also beside those that were written before one more.

    A program that does not know suspension reads a suspended person as one who may not read here.
    """
    value = bytes((flags.no_self_information | flags.link_suspended << 1, flags.hidden))
    return tenant.locker.lock(value, label=_flags_label(tenant, person))


def unlock_flags(tenant: Tenant, person: str, locked: bytes) -> PersonFlags:
    """Read a person's flags."""
    value = tenant.locker.unlock(locked, label=_flags_label(tenant, person))
    return PersonFlags(
        no_self_information=bool(value[0] & 1),
        hidden=bool(value[1]),
        link_suspended=bool(value[0] & 2),
    )


def _flags_label(tenant: Tenant, person: str) -> bytes:
    return f"{tenant.institution}|flags|{person}".encode()


def lock_copy(tenant: Tenant, person: str, info: str, content: CopyContent) -> bytes:
    """Lock a copy, bound to its person and kind of information."""
    value = msgspec.json.encode(content)
    return tenant.locker.lock(value, label=_copy_label(tenant, person, info), block=COPY_BLOCK)


def unlock_copy(tenant: Tenant, person: str, info: str, locked: bytes) -> CopyContent:
    """Read a copy."""
    value = tenant.locker.unlock(locked, label=_copy_label(tenant, person, info))
    return msgspec.json.decode(value, type=CopyContent)


def _copy_label(tenant: Tenant, person: str, info: str) -> bytes:
    return f"{tenant.institution}|{info}|{person}".encode()


def case_tag(tenant: Tenant, person: str) -> bytes:
    """Return what a case calls its person: 32 bytes that only the institution's key can make."""
    return tenant.locker.tag(person.encode(), label=b"case-of")
