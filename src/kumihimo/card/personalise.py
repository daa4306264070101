"""Makes the contents of a chip's memory: what the maker of the card writes once.

What a carrier lacks is not written: a child's card has no sign key and no sign certificate, a card
without PINs has neither values nor tries for them.
"""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from kumihimo.card import applications as ap
from kumihimo.card import contents
from kumihimo.card.applications import COMMON, JPKI, JUKI, TEXT, VISUAL
from kumihimo.card.cv import KeyId
from kumihimo.card.files import Application, Card, Pin
from kumihimo.card.hierarchy import Issuer
from kumihimo.card.holding import (
    Holder,
    HolderCertificates,
    HolderKeys,
    HolderPins,
    Printed,
    code_a,
    code_b,
    era_day,
    stored,
)
from kumihimo.card.memory import (
    CARRIER,
    SESSION_KEY,
    TERMINAL_CA,
    object_slot,
    slot,
    tries_slot,
)
from kumihimo.card.tlv import parse_one, tlv
from kumihimo.card.token_info import token_info
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.withheld import Withheld

FILLER: Final = b"\xff" * 16
_THERE: Final = 0x8F
_CHIP_GROUP: Final = "200"  # our choice: the certified key is a chip's own
# GlobalPlatform card recognition data, as its specification writes a card of version 2.2.
_RECOGNITION: Final = tlv(
    0x73,
    bytes.fromhex(
        "06072A864886FC6B01"
        "600B06092A864886FC6B020202"
        "630906072A864886FC6B03"
        "640B06092A864886FC6B040255"
    ),
)


@attrs.frozen
class Order:
    """Everything that one card is made from."""

    card: Card
    holder: Holder
    printed: Printed
    keys: HolderKeys
    certificates: HolderCertificates
    pins: HolderPins
    issuer: Issuer
    photo: bytes = attrs.field(repr=False)


def personalise(order: Order, *, entropy: Entropy) -> dict[str, bytes]:
    """Return the contents of the memory of a card's chip."""
    found = {CARRIER: order.card.name.encode("ascii")}
    for application in order.card.applications:
        found |= _FILES[application.name](order, application, entropy)
        for fid, value in _pins(order)[application.name].items():
            found |= _pin_contents(application, fid, value)
    if order.card.application(COMMON.name) is not None:
        found |= _objects(order)
    return found


def _jpki_files(order: Order, application: Application, _: Entropy) -> dict[str, bytes]:
    certificates, keys = order.certificates, order.keys
    available = bytes((_THERE if certificates.sign else 0, _THERE, 0))
    files = {
        ap.SIGN_CERTIFICATE: certificates.sign or b"",
        ap.SIGN_CA: certificates.sign_ca,
        ap.TOKEN_INFO: token_info(order.card.label, order.printed.serial),
        ap.PRESENT: available,
        0x0009: FILLER,
        ap.AUTH_CERTIFICATE: certificates.auth,
        ap.AUTH_CA: certificates.auth_ca,
        ap.AUTH_KEY: stored(keys.auth),
    }
    if keys.sign is not None:
        files[ap.SIGN_KEY] = stored(keys.sign)
    return _slots(application, files)


def _text_files(order: Order, application: Application, entropy: Entropy) -> dict[str, bytes]:
    holder, issuer, keys = order.holder, order.issuer, order.keys
    text_key = keys.text.public_key()
    files = {
        ap.NUMBER: contents.number_file(holder),
        ap.ATTRIBUTES: contents.attributes_file(holder),
        ap.INTEGRITY: contents.integrity_file(holder, issuer.text),
        ap.FACE_CERTIFICATE: issuer.text_certificate,
        ap.TEXT_BASICS: contents.text_basics(entropy),
        ap.SESSION_PUBLIC: contents.session_public(keys.session.public_key()),
        ap.TEXT_SIGNING: contents.text_signing(text_key, issuer.text),
        0x0008: FILLER,
        ap.TEXT_KEY: stored(keys.text),
    }
    if ap.NEXT_FACE in application.entries:
        files |= {
            ap.NEXT_FACE: contents.face_file(
                holder, order.printed, order.photo, text_key, issuer.text, sex=False
            ),
            ap.NEXT_AGE: contents.age_file(holder, text_key, issuer.text),
            ap.NEXT_NUMBER_IMAGE: contents.number_image(holder, text_key, issuer.text),
        }
    return {**_slots(application, files), SESSION_KEY: stored(keys.session)}


def _visual_files(order: Order, application: Application, entropy: Entropy) -> dict[str, bytes]:
    holder, printed, issuer = order.holder, order.printed, order.issuer.visual
    key = order.keys.visual.public_key()
    return _slots(
        application,
        {
            ap.AGE: contents.age_file(holder, key, issuer),
            ap.FACE: contents.face_file(holder, printed, order.photo, key, issuer),
            ap.VISUAL_BASICS: contents.visual_basics(printed, entropy),
            ap.FACE_CERTIFICATE: order.issuer.visual_certificate,
            ap.NUMBER_IMAGE: contents.number_image(holder, key, issuer),
            0x0006: FILLER,
            ap.VISUAL_KEY: stored(order.keys.visual),
        },
    )


def _juki_files(order: Order, application: Application, _: Entropy) -> dict[str, bytes]:
    code = order.holder.resident_code.reveal().encode("ascii")
    files = {ap.KEY_REFERENCE: _reference(order), ap.RESIDENT_CODE: code}
    return _slots(application, files)


def _common_files(order: Order, application: Application, _: Entropy) -> dict[str, bytes]:
    files = {
        ap.CARD_INFO: contents.card_info(order.printed),
        ap.KEY_REFERENCE: _reference(order),
        ap.CHIP_KEY: stored(order.keys.chip),
    }
    return _slots(application, files)


_FILES: Final[Mapping[str, Callable[[Order, Application, Entropy], dict[str, bytes]]]] = {
    JPKI.name: _jpki_files,
    TEXT.name: _text_files,
    VISUAL.name: _visual_files,
    JUKI.name: _juki_files,
    COMMON.name: _common_files,
}


def _reference(order: Order) -> bytes:
    return tlv(0x01, order.issuer.chips.id.octets)


def _slots(application: Application, files: Mapping[int, bytes]) -> dict[str, bytes]:
    assert set(files) <= set(application.entries), "only what the profile has is written"
    return {slot(application.name, fid): value for fid, value in files.items()}


def _pins(order: Order) -> dict[str, dict[int, Withheld[bytes] | None]]:
    pins = order.pins
    a, b = code_a(order.holder), code_b(order.holder, order.printed)
    return {
        JPKI.name: {ap.AUTH_PIN: pins.auth, ap.SIGN_PIN: pins.sign},
        TEXT.name: {
            ap.TEXT_PIN: pins.text,
            ap.TEXT_BLOCKED: None,  # so on every card that was looked at
            ap.TEXT_A: a,
            ap.TEXT_B: b,
        },
        VISUAL.name: {
            ap.VISUAL_BIRTH: era_day(order.holder.birth),
            ap.VISUAL_A: a,
            ap.VISUAL_B: b,
        },
        JUKI.name: {ap.CARD_PIN: pins.card},
        COMMON.name: {ap.CARD_PIN: pins.card},
    }


def _pin_contents(
    application: Application, fid: int, value: Withheld[bytes] | None
) -> dict[str, bytes]:
    pin = application.entries.get(fid)
    if not isinstance(pin, Pin) or pin.kept_in is not None:
        return {}
    if value is None:
        return {tries_slot(application.name, fid): b"\0"}
    assert pin.form.takes(value.reveal()), "a PIN has the form of its kind"
    return {
        slot(application.name, fid): value.reveal(),
        tries_slot(application.name, fid): bytes((pin.limit,)),
    }


def _objects(order: Order) -> dict[str, bytes]:
    """Return what GET DATA gives before any application, and the key of terminals."""
    issuer, printed = order.issuer, order.printed
    own = KeyId.of(printed.serial[-7:], _CHIP_GROUP)
    chip_certificate = issuer.chips.certify(own, order.keys.chip.public_key())
    values = {
        0x0042: issuer.chips.id.octets,
        0x0045: printed.serial.encode("ascii"),
        0x0066: _RECOGNITION,
        0x00F0: printed.municipality.encode("ascii"),
        0x00F2: f"{printed.expires:%Y%m%d}".encode("ascii"),
        0x00F7: issuer.chips.id.octets,
        0x00F8: parse_one(issuer.chips_certificate)[1],
        0x7F21: parse_one(chip_certificate)[1],
    }
    found = {object_slot(tag): value for tag, value in values.items()}
    return {**found, TERMINAL_CA: issuer.terminal_ca}
