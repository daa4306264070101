"""Registering a number that was read from a chip (マイナンバー登録事務のデジタル化).

Nobody types it and nobody sees it: it goes from the card through the terminal into the vault. The
issuer's signature is checked here again, the affair must be one that the caller handles, and the
entry says for which affair, by which officer, at which terminal and from which card (by a keyed
tag) it was read.
"""

import msgspec

from kumihimo.card.readings import TextFiles
from kumihimo.kernel.refusal import BadInput, NotAllowed, NotFound, Unavailable
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.gateway import store_persons as store
from kumihimo.rooms.gateway.business import ChipReading, Provenance, Registered
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.domain.chip import Read, read
from kumihimo.rooms.gateway.numbers import ReadFrom, VaultEntry
from kumihimo.rooms.gateway.persons import register_read, unknown_addressee, vault_label
from kumihimo.rooms.register.api import Attributes

SERIAL_LABEL = b"card-serial"


async def number_from_chip(
    gateway: Gateway,
    tenant: Tenant,
    reading: ChipReading,
    *,
    affairs: frozenset[str] | None = None,
) -> Registered:
    """Register the person whose card was read.

    Raises `NotAllowed` for an affair that the caller does not handle, `BadCard` for what no issuer
    signed, `Unavailable` where this gateway has no key to check with, `BadNumber`.
    """
    if affairs is not None and reading.affair not in affairs:
        raise NotAllowed("this client does not handle that affair", pointer="affair")
    authority = gateway.text_authority.current()
    if authority is None:
        raise Unavailable("no key is configured to check a card's text with")
    files = TextFiles(reading.number, reading.attributes, reading.integrity, reading.certificate)
    return await register_read(
        gateway, tenant, reading.addressee, _entry(gateway, tenant, reading, read(files, authority))
    )


def _entry(gateway: Gateway, tenant: Tenant, reading: ChipReading, found: Read) -> VaultEntry:
    try:
        number = IndividualNumber.parse(found.number.reveal(), space=gateway.space)
    except BadInput as refusal:
        raise type(refusal)(refusal.detail, pointer="number") from None
    written = found.attributes
    return VaultEntry(
        number=number.reveal(),
        attributes=Attributes(
            name=written.name.reveal(),
            birth=written.birth.reveal(),
            sex=written.sex.reveal(),
            address=written.address.reveal(),
        ),
        provenance=ReadFrom(
            provenance=Provenance(
                affair=reading.affair,
                officer=reading.officer,
                terminal=reading.terminal,
                read_on=gateway.today(),
            ),
            card=tenant.locker.tag(reading.serial.encode(), label=SERIAL_LABEL),
        ),
    )


async def provenance(gateway: Gateway, tenant: Tenant, addressee: str) -> Provenance:
    """Return where a person's number came from. Raises `NotFound`, also where nobody wrote it down."""
    async with gateway.database.transaction(institution=tenant.institution) as tx:
        person = (await store.by_addressee(tx, [addressee])).get(addressee)
        locked = await store.vault_of(tx, person) if person is not None else None
    if person is None or locked is None:
        raise unknown_addressee("addressee")
    content = tenant.locker.unlock(locked, label=vault_label(tenant, person))
    entry = msgspec.json.decode(content, type=VaultEntry)
    if entry.provenance is None:
        raise NotFound("nobody wrote down where this number came from", pointer="addressee")
    return entry.provenance.provenance
