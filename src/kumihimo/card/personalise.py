"""Makes the contents of a chip's memory from a holder, keys, certificates and PINs."""

from typing import Final

from kumihimo.card.applications import (
    AUTH_CA,
    AUTH_CERTIFICATE,
    AUTH_KEY,
    AUTH_PIN,
    JPKI,
    PRESENT,
    SIGN_CA,
    SIGN_CERTIFICATE,
    SIGN_KEY,
    SIGN_PIN,
    TOKEN_INFO,
)
from kumihimo.card.files import Application, Card, Pin
from kumihimo.card.holding import HolderCertificates, HolderKeys, HolderPins, Printed, stored
from kumihimo.card.memory import CARRIER, slot, tries_slot
from kumihimo.card.token_info import token_info
from kumihimo.kernel.withheld import Withheld

_THERE: Final = 0x8F
FILLER: Final = b"\xff" * 16


def jpki_contents(
    card: Card,
    printed: Printed,
    keys: HolderKeys,
    certificates: HolderCertificates,
    pins: HolderPins,
) -> dict[str, bytes]:
    """Return what the JPKI application of a carrier holds."""
    here = JPKI.name
    found = {
        CARRIER: card.name.encode("ascii"),
        slot(here, SIGN_CERTIFICATE): certificates.sign or b"",
        slot(here, SIGN_CA): certificates.sign_ca,
        slot(here, TOKEN_INFO): token_info(card.label, printed.serial),
        slot(here, PRESENT): bytes((_THERE if certificates.sign else 0, _THERE, 0)),
        slot(here, 0x0009): FILLER,
        slot(here, AUTH_CERTIFICATE): certificates.auth,
        slot(here, AUTH_CA): certificates.auth_ca,
        slot(here, AUTH_KEY): stored(keys.auth),
    }
    if keys.sign is not None:
        found[slot(here, SIGN_KEY)] = stored(keys.sign)
    found |= pin_contents(JPKI, AUTH_PIN, pins.auth)
    found |= pin_contents(JPKI, SIGN_PIN, pins.sign)
    return found


def pin_contents(
    application: Application, fid: int, value: Withheld[bytes] | None
) -> dict[str, bytes]:
    """Return a PIN's value and full counter; a PIN that nobody set has no value and no tries."""
    pin = application.entries[fid]
    assert isinstance(pin, Pin), "the id is a PIN's"
    if value is None:
        return {tries_slot(application.name, fid): b"\0"}
    return {
        slot(application.name, fid): value.reveal(),
        tries_slot(application.name, fid): bytes((pin.limit,)),
    }
