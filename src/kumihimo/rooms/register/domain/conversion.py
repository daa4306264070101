"""From resident code to individual number: a keyed permutation of the eleven-digit space.

Number Act art. 8(2): a number is different from every other, those replaced included; it is
obtained by converting the resident code; no rule leads back to the code. FF1 of NIST SP 800-38G
(a Feistel network over decimal digits) is such a conversion for whoever does not hold the key. The
input is the ten digits of the code and one digit that counts its numbers, so two inputs are never
equal and neither are two outputs.
"""

from typing import Final

import attrs
import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import INDIVIDUAL_BODY, RESIDENT_BODY
from kumihimo.people.numbers import ResidentCode

NUMBERS_PER_CODE: Final = 10
_ROUNDS: Final = 10
_BLOCK: Final = 16
_HALF_BYTES: Final = 3  # b of SP 800-38G for halves of five or six decimal digits


def ff1(
    values: NDArray[np.uint64], *, key: bytes, digits: int, tweak: bytes = b""
) -> NDArray[np.uint64]:
    """Return FF1-AES(key, tweak) of decimal numerals of `digits` digits (10 or 11), vectorised."""
    assert digits in {10, 11}, "other lengths need another width of the round's input"
    assert len(tweak) <= _BLOCK - _HALF_BYTES - 1, "the round's input is one block here"
    # A single block under ECB is the cipher itself, from which FF1 builds its rounds.
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    low, high = digits // 2, digits - digits // 2
    head = b"\1\2\1\0\0\x0a\x0a" + bytes([low]) + digits.to_bytes(4) + len(tweak).to_bytes(4)
    mask = np.frombuffer(cipher.update(head), dtype=np.uint8)
    left, right = np.divmod(values, np.uint64(10**high))
    for index in range(_ROUNDS):
        modulus = np.uint64(10 ** (high if index % 2 else low))
        blocks = _round_input(right, index, tweak) ^ mask
        coded = np.frombuffer(cipher.update(blocks.tobytes()), dtype=">u8")
        mixed = coded[::2].astype(np.uint64) % modulus
        left, right = right, (left + mixed) % modulus
    return left * np.uint64(10**high) + right


def _round_input(half: NDArray[np.uint64], index: int, tweak: bytes) -> NDArray[np.uint8]:
    blocks = np.zeros((len(half), _BLOCK), dtype=np.uint8)
    blocks[:, : len(tweak)] = np.frombuffer(tweak, dtype=np.uint8)
    blocks[:, _BLOCK - _HALF_BYTES - 1] = index
    for place in range(_HALF_BYTES):
        shift = np.uint64(8 * (_HALF_BYTES - 1 - place))
        blocks[:, _BLOCK - _HALF_BYTES + place] = (half >> shift).astype(np.uint8)
    return blocks


@attrs.frozen
class Conversion:
    """The conversion of one deployment; its key of 32 bytes is in no database."""

    key: Withheld[bytes]

    def bodies(self, codes: list[ResidentCode], count: int) -> list[str]:
        """Return the eleven-digit body of the `count`-th number (0-9) of each code."""
        assert 0 <= count < NUMBERS_PER_CODE, "a code gives ten numbers"
        inputs = [int(code.reveal()[:RESIDENT_BODY]) * NUMBERS_PER_CODE + count for code in codes]
        values = np.array(inputs, dtype=np.uint64)
        converted = ff1(values, key=self.key.reveal(), digits=INDIVIDUAL_BODY)
        return [f"{value:0{INDIVIDUAL_BODY}}" for value in converted.tolist()]
