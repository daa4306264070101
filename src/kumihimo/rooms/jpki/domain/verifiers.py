"""Who may learn what of a certificate's status, and for which purpose.

JPKI Act art. 17(1), 17(5), 36(1): status goes only to those who notified or were accredited.
"""

from collections.abc import Collection, Mapping
from typing import Final, Literal, get_args

from kumihimo.rooms.jpki.api import Ca

Role = Literal[
    "signature_verifier",
    "authentication_verifier",
    "group_verifier",
    "platform_operator",
    "service_provider",
    "holder_confirmer",
    "attribute_receiver",
    "disclosure_portal",
]
Purpose = Literal["signature_verification", "liveness_check"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
# By the name that a header or a message gives.
PURPOSES: Final[Mapping[str, Purpose]] = {
    "signature_verification": "signature_verification",
    "liveness_check": "liveness_check",
}

# A service provider asks through its platform operator and never itself. Who confirms holders
# without a PIN learns of those whom it linked before, and of nobody else; who learns attributes, of
# those who consented.
_MAY_ASK: Final[dict[Role, frozenset[Ca]]] = {
    "signature_verifier": frozenset({"sign"}),
    "authentication_verifier": frozenset({"auth"}),
    "group_verifier": frozenset({"sign"}),
    "platform_operator": frozenset({"sign", "auth"}),
    "service_provider": frozenset(),
    "holder_confirmer": frozenset(),
    "attribute_receiver": frozenset(),
    "disclosure_portal": frozenset({"auth"}),
}


def may_ask(roles: Collection[Role], ca: Ca) -> bool:
    """Say whether somebody with these roles may learn the status of an authority's certificates."""
    return any(ca in _MAY_ASK[role] for role in roles)


def may_link(roles: Collection[Role]) -> bool:
    """Say whether somebody may learn which sign certificate belongs with which auth certificate."""
    return may_ask(roles, "sign") and may_ask(roles, "auth")


def may_disclose(roles: Collection[Role]) -> bool:
    """Say whether somebody is the portal at which holders read what the ledger has of them."""
    return "disclosure_portal" in roles


def may_confirm(roles: Collection[Role]) -> bool:
    """Say whether somebody may have holders confirmed without a PIN."""
    return "holder_confirmer" in roles
