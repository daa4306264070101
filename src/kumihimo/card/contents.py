"""What stands in the files of the applications for reading off the card, byte by byte.

Layouts and signatures are those that a survey read from a card of the official test hierarchy
(docs/reference/card.md); what is marked there as opaque is random here.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

from kumihimo.card import faces
from kumihimo.card.cv import THREE_DIGESTS, CvKey, public_tlv
from kumihimo.card.hierarchy import REFERENCE, TEXT_BASIC, VISUAL_BASIC
from kumihimo.card.holding import Holder, Printed
from kumihimo.card.tlv import tlv
from kumihimo.kernel.entropy import Entropy

NUMBER_BYTES: Final = 17
TEXT_BASICS_BYTES: Final = 256
_OPAQUE: Final = 256
_DIGESTS: Final = 96


def number_file(holder: Holder) -> bytes:
    """Text EF 0001: 17 bytes, the last two filler."""
    return tlv(0xFF10, holder.number.reveal().encode("ascii")).ljust(NUMBER_BYTES, b"\xff")


def attribute_fields(holder: Holder) -> list[bytes]:
    """Return the four attributes, each an object."""
    return [
        tlv(0xDF22, holder.name.reveal().encode()),
        tlv(0xDF23, holder.address.reveal().encode()),
        tlv(0xDF24, f"{holder.birth.reveal():%Y%m%d}".encode("ascii")),
        tlv(0xDF25, holder.sex.reveal().encode("ascii")),
    ]


def attributes_file(holder: Holder) -> bytes:
    """Text EF 0002: the four attributes behind a table of where each starts."""
    return _with_offsets(attribute_fields(holder))


def integrity_file(holder: Holder, issuer: CvKey) -> bytes:
    """Text EF 0003: digests of the number's file, whole, and of the attributes, signed."""
    digests = tlv(0xDF31, sha256(number_file(holder)).digest())
    digests += tlv(0xDF32, sha256(b"".join(attribute_fields(holder))).digest())
    return tlv(0xFF30, digests + tlv(0xDF33, issuer.sign(digests)))


def text_basics(entropy: Entropy) -> bytes:
    """Text EF 0005: version, extended lengths, vendor; a key's id; 32 bytes and filler."""
    fields = tlv(0xDF41, b"\x01\x03\x0e\x01") + tlv(0xDF42, TEXT_BASIC.octets)
    fields += tlv(0xDF43, entropy.bytes(32).ljust(128, b"\xff"))
    return tlv(0xFF40, fields).ljust(TEXT_BASICS_BYTES, b"\xff")


def session_public(key: RSAPublicKey) -> bytes:
    """Text EF 0006: the key that session keys are encrypted for."""
    return tlv(0xA1, public_tlv(key))


def text_signing(key: RSAPublicKey, issuer: CvKey) -> bytes:
    """Text EF 0007: the application's signing key, signed by the issuer."""
    signed = tlv(0xDF51, public_tlv(key))
    return tlv(0xFF50, signed + tlv(0xDF52, issuer.sign(signed)))


def age_file(holder: Holder, key: RSAPublicKey, issuer: CvKey) -> bytes:
    """Visual EF 0001: the birth date alone, signed."""
    signed = tlv(0xDF11, f"{holder.birth.reveal():%Y%m%d}".encode("ascii"))
    signed += tlv(0xDF12, public_tlv(key))
    return tlv(0xFF10, signed + tlv(0xDF13, issuer.sign(signed)))


def face_file(
    holder: Holder,
    printed: Printed,
    photo: bytes,
    key: RSAPublicKey,
    issuer: CvKey,
    *,
    sex: bool = True,
) -> bytes:
    """Visual EF 0002: the face of the card. Expiry and security code stand after the signature.

    `sex` is False for a face that does not show it (the next generation).
    """
    person = [tlv(0xDF22, f"{holder.birth.reveal():%Y%m%d}".encode("ascii"))]
    if sex:
        person.append(tlv(0xDF23, holder.sex.reveal().encode("ascii")))
    person.append(tlv(0xDF24, public_tlv(key)))
    text = [
        tlv(0xDF25, faces.name_png(holder.name.reveal())),
        tlv(0xDF26, faces.address_png(holder.address.reveal())),
    ]
    picture = [tlv(0xDF27, photo)]
    signature = tlv(0xDF28, _sign_segments(issuer, (person, text, picture)))
    unsigned = [
        tlv(0xDF29, f"{printed.expires:%Y%m%d}".encode("ascii")),
        tlv(0xDF2A, faces.digits_png(printed.security_code.reveal())),
    ]
    return _with_offsets([*person, *text, *picture, signature, *unsigned])


def number_image(holder: Holder, key: RSAPublicKey, issuer: CvKey) -> bytes:
    """Visual EF 0005: the number as it is printed, signed."""
    signed = tlv(0xDF41, faces.digits_png(holder.number.reveal()))
    signed += tlv(0xDF42, public_tlv(key))
    return tlv(0xFF40, signed + tlv(0xDF43, issuer.sign(signed)))


def visual_basics(printed: Printed, entropy: Entropy) -> bytes:
    """Visual EF 0003: layout, a key's id, version, municipality, and an opaque block."""
    return tlv(
        0xFF30,
        tlv(0xDF31, b"\x06\x03\x0e\x01")
        + tlv(0xDF32, VISUAL_BASIC.octets)
        + tlv(0xDF33, b"\0")
        + tlv(0xDF34, printed.municipality.encode("ascii"))
        + tlv(0xDF35, REFERENCE.octets + entropy.bytes(_OPAQUE)),
    )


def card_info(printed: Printed) -> bytes:
    """Return common EF 0001, one record: serial, municipality, last day, as 28 digits."""
    text = f"{printed.serial}{printed.municipality}{printed.expires:%Y%m%d}"
    return tlv(0x01, text.encode("ascii"))


def _with_offsets(fields: Sequence[bytes]) -> bytes:
    """Put FF20 around fields, and before them DF21: where each starts, counted in the file."""
    table = tlv(0xDF21, bytes(2 * len(fields)))
    inside = len(table) + sum(map(len, fields))
    at = len(tlv(0xFF20, bytes(inside))) - inside + len(table)
    starts: list[bytes] = []
    for field in fields:
        starts.append(at.to_bytes(2, "big"))
        at += len(field)
    return tlv(0xFF20, tlv(0xDF21, b"".join(starts)) + b"".join(fields))


def _sign_segments(issuer: CvKey, segments: Sequence[Sequence[bytes]]) -> bytes:
    """Sign the digests of segments, so that a reader can check without having all of them."""
    digests = b"".join(sha256(b"".join(segment)).digest() for segment in segments)
    assert len(digests) == _DIGESTS, "three segments"
    return issuer.private.sign(THREE_DIGESTS + digests, PKCS1v15(), NoDigestInfo())
