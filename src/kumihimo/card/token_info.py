"""EF 0006 of the JPKI application: a PKCS#11 token description of 160 bytes."""

from typing import Final

TOKEN_INFO_BYTES: Final = 160
_FLAGS: Final = 0x040D
_UNAVAILABLE: Final = 0xFFFFFFFF
_PIN_MAX, _PIN_MIN = 16, 6
_WORDS: Final = (_FLAGS, 1, 0, 1, 0, _PIN_MAX, _PIN_MIN, *[_UNAVAILABLE] * 4)


def token_info(label: str, serial: str) -> bytes:
    """Return the file: the label tells clients the carrier, the serial is of 16 digits at most."""
    text = (
        label.ljust(32)
        + "KUMIHIMO-TEST".ljust(32)  # a real one has digits of its maker here
        + "KUMIHIMO".ljust(16)
        + serial.rjust(16, "0")
    )
    words = b"".join(word.to_bytes(4, "big") for word in _WORDS)
    found = text.encode("ascii") + words + b"03" + b"01" + b"9" * 16
    assert len(found) == TOKEN_INFO_BYTES, "label and serial fit their fields"
    return found
