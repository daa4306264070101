"""What a reader makes of a card's files: values instead of bytes, and signatures checked.

Personal values come out withheld. `BadCard` is raised for bytes that no card of this kind holds,
and for signatures that do not verify.
"""

from datetime import date
from hashlib import sha256
from typing import Final, Self

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.card import apdu, terminal
from kumihimo.card.apdu import Command
from kumihimo.card.applications import (
    ATTRIBUTES,
    CARD_INFO,
    COMMON,
    FACE,
    FACE_CERTIFICATE,
    INTEGRITY,
    NUMBER,
    SESSION_PUBLIC,
)
from kumihimo.card.cv import (
    THREE_DIGESTS,
    BadCertificate,
    CvCertificate,
    KeyId,
    check_signature,
    parse_public,
)
from kumihimo.card.secure import (
    BLOCK,
    ENCRYPTED,
    EXPECTED_LENGTH,
    KEY_DELIVERY,
    SEED_BYTES,
    SecureSession,
    SessionBroken,
)
from kumihimo.card.terminal import Transmit, call
from kumihimo.card.tlv import BadTlv, header, parse, parse_one, tlv
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.refusal import Refusal
from kumihimo.kernel.withheld import Withheld

_MOST: Final = b"\0\0\0"


class BadCard(Refusal):
    """The card's data do not have the form or the signature that a card of this kind has."""

    code = "bad-card"
    title = "The data of the card are not in order"
    status = 409


@attrs.frozen
class FaceAttributes:
    """The four attributes, as text EF 0002 has them."""

    name: Withheld[str]
    address: Withheld[str]
    birth: Withheld[str]
    sex: Withheld[str]

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the file. Raises `BadCard`."""
        fields = objects(content, 0xFF20)
        tags = (0xDF22, 0xDF23, 0xDF24, 0xDF25)
        try:
            return cls(*(Withheld(fields[tag].decode()) for tag in tags))
        except (KeyError, UnicodeDecodeError) as error:
            raise BadCard from error


@attrs.frozen
class CardInfo:
    """What the card says of itself (common EF 0001)."""

    serial: str
    municipality: str
    expires: date

    @classmethod
    def parse(cls, record: bytes) -> Self:
        """Read the record. Raises `BadCard`."""
        try:
            text = record[2:].decode("ascii")
            return cls(text[:15], text[15:20], date.fromisoformat(text[20:]))
        except ValueError as error:
            raise BadCard from error


def objects(content: bytes, tag: int) -> dict[int, bytes]:
    """Return the objects inside the one that a file holds; filler after it is left out."""
    try:
        found, start, end = header(content, 0)
        if found != tag or end > len(content):
            raise BadCard
        return dict(parse(content[start:end]))
    except BadTlv as error:
        raise BadCard from error


def card_info(transmit: Transmit) -> CardInfo:
    """Read serial, municipality and last day."""
    terminal.select(transmit, COMMON)
    return CardInfo.parse(terminal.read_record(transmit, CARD_INFO, 1))


def number(transmit: Transmit) -> Withheld[str]:
    """Read the individual number (text application, its PIN or 照合番号A presented)."""
    return _number_in(terminal.read_file(transmit, NUMBER))


def _number_in(content: bytes) -> Withheld[str]:
    try:
        tag, start, end = header(content, 0)
    except BadTlv as error:
        raise BadCard from error
    if tag != 0xFF10 or end > len(content):  # noqa: PLR2004 - the file's tag
        raise BadCard
    return Withheld(content[start:end].decode("ascii", "replace"))


def attributes(transmit: Transmit) -> FaceAttributes:
    """Read the four attributes (text application, its PIN or 照合番号B presented)."""
    return FaceAttributes.parse(terminal.read_file(transmit, ATTRIBUTES))


def check_text(transmit: Transmit, issuer: KeyId, key: RSAPublicKey) -> None:
    """Check the issuer's signature over number and attributes (text application, PIN presented).

    `issuer` and `key` are those of the authority over the issuers of text. Raises `BadCard`.
    """
    TextFiles.read(transmit).check(issuer, key)


@attrs.frozen(repr=False)
class TextFiles:
    """The text application's files as they were read, to be checked elsewhere than at the card."""

    number: bytes
    attributes: bytes
    integrity: bytes
    certificate: bytes

    @classmethod
    def read(cls, transmit: Transmit) -> Self:
        """Read them (text application selected, its PIN presented)."""
        files = (NUMBER, ATTRIBUTES, INTEGRITY, FACE_CERTIFICATE)
        return cls(*(terminal.read_file(transmit, fid) for fid in files))

    def check(self, issuer: KeyId, key: RSAPublicKey) -> None:
        """Check what the issuer signed against what the files say. Raises `BadCard`."""
        _check_text(self, issuer, key)

    def held_number(self) -> Withheld[str]:
        """Return the individual number. Raises `BadCard`."""
        return _number_in(self.number)

    def held_attributes(self) -> FaceAttributes:
        """Return the four attributes. Raises `BadCard`."""
        return FaceAttributes.parse(self.attributes)


def _check_text(files: TextFiles, issuer: KeyId, key: RSAPublicKey) -> None:
    try:
        certificate = CvCertificate.parse(files.certificate)
        certificate.check(issuer, key)
        fields = objects(files.integrity, 0xFF30)
        signed = tlv(0xDF31, fields[0xDF31]) + tlv(0xDF32, fields[0xDF32])
        check_signature(certificate.key, fields[0xDF33], signed)
    except (BadCertificate, KeyError) as error:
        raise BadCard from error
    try:
        _, start, end = header(files.attributes, 0)
        inside = files.attributes[start:end]
        digests = (
            sha256(files.number).digest(),
            sha256(inside[header(inside, 0)[2] :]).digest(),
        )
    except BadTlv as error:
        raise BadCard from error
    if digests != (fields[0xDF31], fields[0xDF32]):
        raise BadCard


def face(transmit: Transmit, issuer: KeyId, key: RSAPublicKey) -> dict[int, bytes]:
    """Read the face and check its signature (visual application, a 照合番号 presented).

    Returns the objects by tag. Raises `BadCard`.
    """
    fields = objects(terminal.read_file(transmit, FACE), 0xFF20)
    segments = ((0xDF22, 0xDF23, 0xDF24), (0xDF25, 0xDF26), (0xDF27,))
    try:
        certificate = CvCertificate.parse(terminal.read_file(transmit, FACE_CERTIFICATE))
        certificate.check(issuer, key)
        digests = b"".join(
            sha256(b"".join(tlv(tag, fields[tag]) for tag in segment)).digest()
            for segment in segments
        )
        signature = fields[0xDF28]
        signed = certificate.key.recover_data_from_signature(signature, PKCS1v15(), None)
    except (BadCertificate, KeyError, InvalidSignature) as error:
        raise BadCard from error
    if signed != THREE_DIGESTS + digests:
        raise BadCard
    return fields


def check_chip(transmit: Transmit, root: KeyId, key: RSAPublicKey, question: bytes) -> bytes:
    """Check that this is a chip that the root stands for; return the serial it is certified for.

    The chip's certificate and its issuer's are read from the card, the root is the reader's own.
    Raises `BadCard`.
    """
    found = terminal.serial(transmit)
    try:
        upper = CvCertificate.parse(terminal.get_data(transmit, 0x00F8))
        upper.check(root, key)
        own = CvCertificate.parse(terminal.get_data(transmit, 0x7F21))
        own.check(upper.subject, upper.key)
        check_signature(own.key, terminal.prove_chip(transmit, question), question)
    except BadCertificate as error:
        raise BadCard from error
    if own.subject.octets[:7] != found[-7:]:
        raise BadCard
    return found


class SecureReading:
    """A secure session with the text application: what is read and presented is not overheard."""

    def __init__(self, transmit: Transmit, *, entropy: Entropy) -> None:
        """Open a session; the PIN must have been presented, in clear. Raises `CardDeclined`."""
        self._transmit = transmit
        public = objects(terminal.read_file(transmit, SESSION_PUBLIC), 0xA1)
        key = parse_public(b"".join(tlv(tag, value) for tag, value in public.items()))
        seed = entropy.bytes(SEED_BYTES)
        delivery = key.encrypt(KEY_DELIVERY + seed, OAEP(MGF1(SHA256()), SHA256(), None))
        call(transmit, Command(0x80, 0xAE, 0, 0, delivery))
        self._session = SecureSession(seed[:BLOCK])

    def verify(self, fid: int, value: Withheld[bytes]) -> None:
        """Present a PIN or a 照合番号 without anybody who listens learning it."""
        self._send(0x20, 0, 0x80 | fid, value.reveal())

    def read_file(self, fid: int) -> bytes:
        """Read a whole file."""
        self._send(0xA4, 0x02, 0x0C, fid.to_bytes(2, "big"))
        self._session.next()
        command = Command(8, 0xB0, 0, 0, tlv(EXPECTED_LENGTH, _MOST), apdu.EXTENDED_MAX)
        answer = call(self._transmit, command)
        try:
            tag, value = parse_one(answer)
            if tag != ENCRYPTED:
                raise BadCard
            return self._session.decrypt(value)
        except (BadTlv, SessionBroken) as error:
            raise BadCard from error

    def _send(self, ins: int, p1: int, p2: int, data: bytes) -> None:
        self._session.next()
        sealed = tlv(ENCRYPTED, self._session.encrypt(data))
        call(self._transmit, Command(8, ins, p1, p2, sealed))
