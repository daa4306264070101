"""Verifiers: registering them, and knowing who asks.

Who asks shows a token by HTTP Basic (RFC 7617) with its name, because that is what every client of
OCSP can send; one that can sign nothing and load no certificate is the usual case.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

from kumihimo.kernel.refusal import BadInput, Conflict, NotAuthentic, NotFound
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki import store_status
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.consents import is_use
from kumihimo.rooms.jpki.domain.verifiers import ROLES, Role, may_disclose
from kumihimo.rooms.jpki.store_status import VerifierRow

_TOKEN_BYTES: Final = 32
_NAME_MAX: Final = 64
PAYLOAD_KEY_BYTES: Final = 32


async def register(
    jpki: Jpki,
    verifier: str,
    roles: Sequence[str],
    *,
    platform: str | None = None,
    uses: Sequence[str] = (),
    payload_key: bytes | None = None,
) -> Withheld[str]:
    """Register a verifier; returns its token, once. Raises `BadInput`, `Conflict`, `NotFound`.

    A service provider names the platform operator that it asks through. Who may learn attributes
    says for which uses, and gives the X25519 key that they are sealed to.
    """
    if not _is_name(verifier):
        raise BadInput("a verifier is named in lower-case letters, digits and hyphens")
    known: list[Role] = [role for role in ROLES if role in roles]
    if not known or len(known) != len(set(roles)):
        raise BadInput(f"roles are {', '.join(ROLES)}", pointer="roles")
    if ("service_provider" in known) != (platform is not None):
        raise BadInput("a service provider, and nobody else, names its platform operator")
    _check_receiver(known, uses, payload_key)
    token = base64.urlsafe_b64encode(jpki.entropy.bytes(_TOKEN_BYTES)).rstrip(b"=").decode()
    row = VerifierRow(
        verifier=verifier,
        roles=known,
        platform=platform,
        token_hash=_hash(token),
        registered_on=jpki.today(),
        suspended=False,
        uses=list(uses),
        payload_key=payload_key,
    )
    async with jpki.database.transaction() as tx:
        if platform is not None and "platform_operator" not in await store_status.roles_of(
            tx, platform
        ):
            raise NotFound("there is no platform operator of this name")
        if not await store_status.add_verifier(tx, row):
            raise Conflict("a verifier of this name is registered")
        await jpki.journal(tx, "verifier-registered", verifier, roles="/".join(known))
    return Withheld(token)


def _check_receiver(roles: Sequence[Role], uses: Sequence[str], key: bytes | None) -> None:
    receives = "attribute_receiver" in roles
    if receives != bool(uses):
        raise BadInput("who receives attributes, and nobody else, names uses")
    if (receives or may_disclose(roles)) != (key is not None):
        raise BadInput("who receives attributes or is a portal, and nobody else, has a payload key")
    if not all(is_use(use) for use in uses):
        raise BadInput("a use is lower-case letters, digits and hyphens", pointer="uses")
    if key is not None and len(key) != PAYLOAD_KEY_BYTES:
        raise BadInput(f"a payload key is {PAYLOAD_KEY_BYTES} bytes", pointer="payload_key")


async def suspend(jpki: Jpki, verifier: str, *, suspended: bool) -> None:
    """Shut a verifier out at once, or let it in again; raises `NotFound`."""
    async with jpki.database.transaction() as tx:
        if not await store_status.suspend_verifier(tx, verifier, suspended=suspended):
            raise NotFound("there is no verifier of this name")
        act = "verifier-suspended" if suspended else "verifier-readmitted"
        await jpki.journal(tx, act, verifier)


async def listed(jpki: Jpki) -> Sequence[VerifierRow]:
    """Return every verifier, by name."""
    async with jpki.database.transaction() as tx:
        return await store_status.verifiers(tx)


async def authenticate(jpki: Jpki, authorization: str) -> VerifierRow:
    """Return who asks; the same `NotAuthentic` for no token, a bad one and a suspended verifier."""
    token_hash = token_hash_of(authorization)
    if token_hash is None:
        raise NotAuthentic
    async with jpki.database.transaction() as tx:
        known = await store_status.verifiers_by_token(tx, [token_hash])
    row = known.get(token_hash)
    if row is None or row.suspended:
        raise NotAuthentic
    return row


def token_hash_of(authorization: str) -> bytes | None:
    """Return the hash of the token in an `Authorization` header; None where there is none.

    Basic with name and token, or Bearer with the token alone.
    """
    scheme, _, rest = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return _hash(rest.strip())
        case "basic":
            try:
                pair = base64.b64decode(rest.strip(), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return None
            return _hash(pair.partition(":")[2])
        case _:
            return None


def _is_name(text: str) -> bool:
    letters = text.replace("-", "").isascii() and text.replace("-", "").isalnum()
    return letters and text == text.lower() and text[0].isalpha() and len(text) <= _NAME_MAX


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
