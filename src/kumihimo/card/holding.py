"""What a card is made from: the holder, what is printed, keys, certificates and PINs.

All that is personal is withheld: it does not print.
"""

from datetime import date
from typing import Final, Self

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kumihimo.card.files import KeyType
from kumihimo.card.running import PrivateKey
from kumihimo.kernel.withheld import Withheld

_ERAS: Final = (  # first day and the year before year one
    (date(2019, 5, 1), 2018),
    (date(1989, 1, 8), 1988),
    (date(1926, 12, 25), 1925),
    (date(1912, 7, 30), 1911),
    (date(1868, 1, 25), 1867),
)


@attrs.frozen
class Holder:
    """The person, as the resident register writes her.

    `name` has U+3000 between family and given name; `sex` is `1`, `2`, `9` or `0`; `number` is 12
    digits, `resident_code` 11.
    """

    name: Withheld[str]
    address: Withheld[str]
    birth: Withheld[date]
    sex: Withheld[str]
    number: Withheld[str]
    resident_code: Withheld[str]


@attrs.frozen
class Printed:
    """What is printed on the card beside the holder's data.

    `serial` is 15 digits, `municipality` the first five of its code, `security_code` four digits.
    """

    serial: str
    municipality: str
    expires: date
    security_code: Withheld[str]


@attrs.frozen
class HolderPins:
    """The four PINs; None is a PIN that nobody set: it stays blocked."""

    auth: Withheld[bytes] | None = None
    sign: Withheld[bytes] | None = None
    text: Withheld[bytes] | None = None
    card: Withheld[bytes] | None = None  # 住民基本台帳用: one value for two applications


@attrs.frozen
class HolderKeys:
    """The private keys of one chip."""

    auth: PrivateKey = attrs.field(repr=False)
    sign: PrivateKey | None = attrs.field(repr=False)
    text: rsa.RSAPrivateKey = attrs.field(repr=False)
    visual: rsa.RSAPrivateKey = attrs.field(repr=False)
    session: rsa.RSAPrivateKey = attrs.field(repr=False)
    chip: rsa.RSAPrivateKey = attrs.field(repr=False)

    @classmethod
    def draw(cls, key_type: KeyType = KeyType.RSA_2048) -> Self:
        """Make new keys, from the operating system's randomness."""
        return cls(
            auth=draw_key(key_type),
            sign=draw_key(key_type),
            text=draw_rsa(),
            visual=draw_rsa(),
            session=draw_rsa(),
            chip=draw_rsa(),
        )


@attrs.frozen
class HolderCertificates:
    """DER of the holder's certificates and of the authorities that issued them."""

    auth: bytes
    auth_ca: bytes
    sign: bytes | None
    sign_ca: bytes


def draw_rsa() -> rsa.RSAPrivateKey:
    """Make an RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def draw_key(key_type: KeyType) -> PrivateKey:
    """Make a key of a kind."""
    return draw_rsa() if key_type is KeyType.RSA_2048 else ec.generate_private_key(ec.SECP384R1())


def stored(key: PrivateKey) -> bytes:
    """Return a private key as the memory keeps it (PKCS 8, DER)."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def code_a(holder: Holder) -> Withheld[bytes]:
    """照合番号A: the number itself."""
    return Withheld(holder.number.reveal().encode("ascii"))


def code_b(holder: Holder, printed: Printed) -> Withheld[bytes]:
    """照合番号B: birth date in the era, the year of expiry, the security code."""
    text = f"{printed.expires.year:04}{printed.security_code.reveal()}"
    return Withheld(era_day(holder.birth).reveal() + text.encode("ascii"))


def era_day(birth: Withheld[date]) -> Withheld[bytes]:
    """Return a birth date as YYMMDD with the year of the Japanese era."""
    day = birth.reveal()
    before = next((before for first, before in _ERAS if day >= first), None)
    assert before is not None, "nobody alive was born before Meiji"
    return Withheld(f"{day.year - before:02}{day:%m%d}".encode("ascii"))
