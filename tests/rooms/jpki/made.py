"""Orders for tests, with keys of software chips."""

import hashlib
from datetime import date
from itertools import count
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.rooms.jpki.api import CertificateOrder, HolderAttributes
from kumihimo.rooms.jpki.domain.keys import new_key
from kumihimo.rooms.register.api import ResidentChanged

HANAKO = HolderAttributes(
    name="山田　花子", birth="1980-02-17", sex="2", address="東京都港区芝公園二丁目４番１号"
)
_pool = []
_next = count()


def spki(kind: Any = "rsa-2048"):
    return new_key(kind).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fresh_spki():
    """Return a key that no order had for a while: two hundred made once serve every test."""
    index = next(_next) % 200
    if index == len(_pool):
        _pool.append(spki())
    return _pool[index]


def holder(name="hanako"):
    return hashlib.sha256(name.encode()).digest()


def order(*, who="hanako", sign=True, auth=True, **changes):
    wanted: dict[str, Any] = {
        "order": new_id(SystemEntropy()),
        "holder": holder(who),
        "version": 1,
        "carrier": "card",
        "attributes": HANAKO,
        "municipality": "131032",
        "card_ends_on": date(2036, 2, 17),
        "sign_key": fresh_spki() if sign else b"",
        "auth_key": fresh_spki() if auth else b"",
    }
    return CertificateOrder(**(wanted | changes))


def change(*changed, who="hanako", version=2, standing: Any = "resident", on=date(2026, 6, 1)):
    return ResidentChanged(
        holder=holder(who), version=version, changed=changed, standing=standing, effective_on=on
    )
