"""Secure messaging of the text application: confidentiality only, by AES-128-CBC.

Read from a survey of a real card (docs/reference/card.md): the seed travels under RSA-OAEP, each
secure command advances a counter, and the counter encrypted is the IV of both directions. A wrong
counter cannot be repaired: the session is gone.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK: Final = 16
SEED_BYTES: Final = 32
ENCRYPTED: Final = 0x86
EXPECTED_LENGTH: Final = 0x96
# What is delivered encrypted: these four bytes, and then the seed.
KEY_DELIVERY: Final = bytes((0xA0, 2 + SEED_BYTES, 0x80, SEED_BYTES))
_PADDED: Final = 0x01  # the padding-content indicator


class SessionBroken(ValueError):
    """What came does not decrypt under the counter that both sides should have."""


class SecureSession:
    """One side of a session; the reader's and the chip's are alike."""

    def __init__(self, key: bytes) -> None:
        assert len(key) == BLOCK, "AES-128"
        self._key = key
        self._counter = 0
        self._iv = bytes(BLOCK)

    def next(self) -> None:
        """Go on to the next command: its counter is the IV of what is sent and answered."""
        self._counter += 1
        counter = self._counter.to_bytes(BLOCK, "big")
        encryptor = Cipher(AES(self._key), CBC(bytes(BLOCK))).encryptor()
        self._iv = encryptor.update(counter) + encryptor.finalize()

    def encrypt(self, plain: bytes) -> bytes:
        """Return the padding indicator and the ciphertext."""
        padded = plain + b"\x80" + bytes(-(len(plain) + 1) % BLOCK)
        encryptor = Cipher(AES(self._key), CBC(self._iv)).encryptor()
        return bytes((_PADDED,)) + encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, value: bytes) -> bytes:
        """Open what `encrypt` made on the other side. Raises `SessionBroken`."""
        if value[:1] != bytes((_PADDED,)) or len(value) == 1 or len(value) % BLOCK != 1:
            raise SessionBroken
        decryptor = Cipher(AES(self._key), CBC(self._iv)).decryptor()
        padded = (decryptor.update(value[1:]) + decryptor.finalize()).rstrip(b"\0")
        if padded[-1:] != b"\x80" or len(value) - 1 - len(padded) >= BLOCK:
            raise SessionBroken
        return padded[:-1]
