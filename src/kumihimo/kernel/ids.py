"""Identifiers that leave a room: random, 128 bits, without time and without meaning.

Two time-ordered ids made by one event would join two databases; for a room's own rows the
database's identity columns are enough.
"""

import re
from binascii import a2b_base64, b2a_base64

from kumihimo.kernel.entropy import Entropy

ID_BYTES = 16
ID_LENGTH = 22
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_FORM = re.compile(r"[A-Za-z0-9_-]{22}")


def new_id(entropy: Entropy) -> str:
    """Return 128 random bits as 22 characters of base64url."""
    return id_of(entropy.bytes(ID_BYTES))


def id_of(bits: bytes) -> str:
    """Return 16 bytes as an id; they must tell as little as random ones."""
    assert len(bits) == ID_BYTES, "an id has 128 bits"
    return b2a_base64(bits, newline=False)[:ID_LENGTH].translate(_TO_URL).decode()


def is_id(text: str) -> bool:
    """Say whether a text has the form of an id (nothing about whether it exists)."""
    return _FORM.fullmatch(text) is not None


def bits_of(text: str) -> bytes:
    """Return the 16 bytes of an id; raises `ValueError` where the text is not quite theirs."""
    bits = a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"==")
    if len(bits) != ID_BYTES or id_of(bits) != text:
        raise ValueError("not an id")
    return bits


def is_bits(text: str) -> bool:
    """Say whether a text is an id as `id_of` writes it: of two texts for the same bits only one is."""
    try:
        return len(bits_of(text)) == ID_BYTES
    except ValueError:
        return False
