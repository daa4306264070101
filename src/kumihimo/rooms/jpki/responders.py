"""The keys that sign answers about status: made here, certified by the authority, renewed in time.

RFC 6960, 4.2.2.2: a delegated responder. Its certificate says that nobody need check it (RFC 6960,
4.2.2.2.1), so it lives for a month and no longer.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, Hash, HashAlgorithm

from kumihimo.rooms.jpki import store, store_status
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.authorities import new_serial
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.certificates import Wanted, key_id, spki_bits, unsigned
from kumihimo.rooms.jpki.domain.keys import KeyKind
from kumihimo.rooms.jpki.domain.lint import lint, sign
from kumihimo.rooms.jpki.domain.ocsp import HashName
from kumihimo.rooms.jpki.domain.profiles import profiles
from kumihimo.rooms.jpki.store import AuthorityRow
from kumihimo.rooms.jpki.store_status import ResponderRow

LIFETIME: Final = timedelta(days=30)  # our choice, as is everything about the real responder's keys
RENEW_BEFORE: Final = timedelta(days=10)
_HASHES: Final[Mapping[HashName, type[HashAlgorithm]]] = {"sha1": SHA1, "sha256": SHA256}


@attrs.frozen(kw_only=True)
class Responder:
    """What signs for one generation of an authority."""

    ca: Ca
    generation: int
    kind: KeyKind
    key_label: str
    key_id: bytes
    certificate: bytes


IssuerId = tuple[HashName, bytes, bytes]


@attrs.frozen
class Responders:
    """Responders by how a question names the issuer: hash, hash of its name, hash of its key."""

    by_issuer: Mapping[IssuerId, Responder]


async def renew(jpki: Jpki) -> int:
    """Give every living authority a responder whose certificate does not end soon.

    Returns how many were made. A crash after a key was made leaves a key without a certificate;
    the next try makes another under another label.
    """
    now = jpki.clock.now().replace(microsecond=0)
    made = 0
    async with jpki.database.transaction() as tx:
        await store.lock_authorities(tx)
        newest = {(row.ca, row.generation): row for row in await store_status.responders(tx)}
        for authority in await store.authorities(tx):
            mine = newest.get((authority.ca, authority.generation))
            if mine is not None and mine.not_after > now + RENEW_BEFORE:
                continue
            if not authority.not_before <= now < authority.not_after:
                continue
            row = await asyncio.to_thread(_certify, jpki, authority)
            await store_status.add_responder(tx, row)
            await jpki.journal(tx, "responder-made", "jpki", ca=row.ca, generation=row.generation)
            made += 1
    return made


def _certify(jpki: Jpki, authority: AuthorityRow) -> ResponderRow:
    serial = new_serial(jpki.entropy)
    label = f"ocsp-{authority.ca}-{authority.generation}-{serial:x}"
    begins = jpki.clock.now().replace(microsecond=0)
    ends = min(begins + LIFETIME, authority.not_after)
    wanted = Wanted(
        ca=authority.ca,
        serial=serial,
        not_before=begins,
        not_after=ends,
        key=jpki.key_store.generate(label, authority.key_kind),
        issuer_key=jpki.key_store.public(authority.key_label),
        id=f"OCSP responder {authority.ca} {authority.generation}",
    )
    draft = unsigned(profiles().profile["ocsp"], wanted, signer=authority.key_kind)
    linted = lint(draft.tbs_certificate_bytes, signer=authority.key_kind)
    der = sign(linted, lambda tbs: jpki.key_store.sign(authority.key_label, tbs))
    return ResponderRow(
        ca=authority.ca,
        generation=authority.generation,
        key_label=label,
        serial=serial,
        not_before=begins,
        not_after=ends,
        der=der,
    )


async def load(jpki: Jpki) -> Responders:
    """Return the newest responder of every generation, under both hashes of its issuer."""
    async with jpki.database.transaction() as tx:
        authorities = await store.authorities(tx)
        newest = {(row.ca, row.generation): row for row in await store_status.responders(tx)}
    found: dict[IssuerId, Responder] = {}
    for authority in authorities:
        row = newest.get((authority.ca, authority.generation))
        if row is None or row.not_after <= jpki.clock.now():
            continue
        key = jpki.key_store.public(row.key_label)
        responder = Responder(
            ca=row.ca,
            generation=row.generation,
            kind=authority.key_kind,
            key_label=row.key_label,
            key_id=key_id(key),
            certificate=bytes(row.der),
        )
        for name in _HASHES:
            found[issuer_id(name, authority.der)] = responder
    return Responders(found)


def issuer_id(name: HashName, authority: bytes) -> IssuerId:
    """Return how a question names an issuer (RFC 6960, 4.1.1), from its certificate, DER."""
    certificate = x509.load_der_x509_certificate(authority)
    subject, key = certificate.subject.public_bytes(), spki_bits(certificate)
    return name, _digest(name, subject), _digest(name, key)


def _digest(name: HashName, content: bytes) -> bytes:
    hashed = Hash(_HASHES[name]())
    hashed.update(content)
    return hashed.finalize()
