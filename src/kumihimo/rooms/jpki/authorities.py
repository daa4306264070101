"""The authorities themselves: founding a generation, and which one signs today."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Final

from cryptography import x509

from kumihimo.kernel.clock import JST, legal_day
from kumihimo.kernel.entropy import Entropy, below
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.jpki import store, store_lists
from kumihimo.rooms.jpki.api import Authorities, Authority, Ca
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.certificates import Wanted, key_id, unsigned
from kumihimo.rooms.jpki.domain.keys import KeyKind, PublicKey, kind_of
from kumihimo.rooms.jpki.domain.lint import NotLinted, errors_of, lint, sign
from kumihimo.rooms.jpki.domain.profiles import AUTHORITY_YEARS, GenerationName, profiles
from kumihimo.rooms.jpki.domain.refusals import NoAuthority
from kumihimo.rooms.jpki.domain.weak_keys import spki_of

Tell = Callable[[str], None]
CAS: Final[tuple[Ca, ...]] = ("sign", "auth")
_SERIALS: Final = 1 << 62  # fits a signed bigint; random, so that a serial tells nothing


def _silent(_: str) -> None:
    return None


def new_serial(entropy: Entropy) -> int:
    """Draw a serial number: positive, random, 62 bits."""
    return 1 + below(entropy, _SERIALS)


def end_of_day(at: datetime) -> datetime:
    """Return the last whole second of a Japanese day."""
    midnight = datetime.combine(legal_day(at) + timedelta(days=1), time.min, JST)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


async def found_generation(
    jpki: Jpki, ca: Ca, *, named: GenerationName, actor: str, tell: Tell = _silent
) -> Authority:
    """Make a key, sign its own certificate with it, and let it be the authority from now on.

    `tell` hears of every step, in words for a transcript; nothing secret is among them.

    A crash after the key was made leaves a key that no certificate names: the next try makes
    another under another label.
    """
    kind = profiles().generation[named].key
    async with jpki.database.transaction() as tx:
        await store.lock_authorities(tx)
        mine = [row for row in await store.authorities(tx) if row.ca == ca]
        generation = len(mine) + 1
        serial = new_serial(jpki.entropy)
        label = f"{ca}-{generation}-{serial:x}"
        row = await asyncio.to_thread(_self_signed, jpki, ca, generation, kind, label, serial, tell)
        await store.add_authority(tx, row)
        await store_lists.need_list(tx, ca, generation, store_lists.FULL, row.not_before)
        await jpki.journal(tx, "authority-founded", actor, ca=ca, generation=generation)
    tell(f"stored in the database as generation {generation} of {ca}, with a line in the journal")
    return Authority(ca=ca, generation=generation, certificate=row.der)


def _self_signed(
    jpki: Jpki,
    ca: Ca,
    generation: int,
    kind: KeyKind,
    label: str,
    serial: int,
    tell: Tell,
) -> store.AuthorityRow:
    public = jpki.key_store.generate(label, kind)
    tell(f"key of kind {kind} made in the key store under the label {label}")
    tell(f"public key, SHA-256: {hashlib.sha256(spki_of(public)).hexdigest()}")
    begins = jpki.clock.now().replace(microsecond=0)
    ends = end_of_day(begins.replace(year=begins.year + AUTHORITY_YEARS, day=min(begins.day, 28)))
    wanted = Wanted(
        ca=ca, serial=serial, not_before=begins, not_after=ends, key=public, issuer_key=public
    )
    draft = unsigned(profiles().profile["authority"], wanted, signer=kind)
    linted = lint(draft.tbs_certificate_bytes, signer=kind, root=True)
    tell(f"certificate {serial:X}, {begins.isoformat()} to {ends.isoformat()}: pkilint, no error")
    der = sign(linted, lambda tbs: jpki.key_store.sign(label, tbs))
    _check_root(der, public)
    tell("signed by its own key; the signature and the linter's rules hold")
    tell(f"certificate, SHA-256: {hashlib.sha256(der).hexdigest()}")
    return store.AuthorityRow(
        ca=ca,
        generation=generation,
        key_kind=kind_of(public),
        key_label=label,
        key_id=key_id(public),
        not_before=begins,
        not_after=ends,
        der=der,
    )


def _check_root(der: bytes, public: PublicKey) -> None:
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.public_key() == public, "the store signs with the key that it shows"
    found = errors_of(der)
    if found:
        raise NotLinted(found)


async def signing_now(tx: Tx, ca: Ca, at: datetime) -> store.AuthorityRow:
    """Return the generation that signs at an instant; raises `NoAuthority` when there is none."""
    alive = [
        row
        for row in await store.authorities(tx)
        if row.ca == ca and row.not_before <= at < row.not_after
    ]
    if not alive:
        raise NoAuthority
    return alive[-1]


async def authorities(jpki: Jpki) -> Authorities:
    """Return the certificates of every generation."""
    async with jpki.database.transaction() as tx:
        rows = await store.authorities(tx)
    return Authorities(
        tuple(
            Authority(ca=row.ca, generation=row.generation, certificate=bytes(row.der))
            for row in rows
        )
    )
