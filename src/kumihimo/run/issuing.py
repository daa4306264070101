"""Issuing as fast as one process can: what `bench issue` runs in each of its processes.

In a module of its own, because a process that is started anew must find what it shall do.
"""

import asyncio
import time
from pathlib import Path
from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from typing_extensions import override

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.authorities import CAS, found_generation
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.keys import new_key, sign_with
from kumihimo.rooms.jpki.domain.weak_keys import spki_of
from kumihimo.rooms.jpki.issuance import finish, intend
from kumihimo.rooms.jpki.keystore import FileKeys
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.run.drill import Chips, order_of

EXPONENT: Final = 65537
TBS_BYTES: Final = 1_200  # about what is signed of a sign certificate
PASSPHRASE: Final = b"of a benchmark"


@attrs.frozen
class Work:
    """What one process is given: a database, the authorities' keys, moduli that are its own."""

    dsn: str
    keys: str
    seconds: float
    moduli: tuple[int, ...]


@attrs.define
class ReadyChips(Chips):
    """Chips whose keys were made before."""

    moduli: list[int] = attrs.field(factory=list[int])

    @override
    def __call__(self, order: str, ca: Ca) -> bytes:
        """Return the next key."""
        assert order, "a chip is asked for an order"
        assert ca in CAS, "for one of two authorities"
        return spki_of(RSAPublicNumbers(EXPONENT, self.moduli.pop()).public_key())


def bare_signatures(seconds: float) -> float:
    """Sign and do nothing else; returns how often a second."""
    key = new_key("rsa-2048")
    assert isinstance(key, RSAPrivateKey), "the kind that was asked for"
    message = bytes(TBS_BYTES)
    done, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        sign_with(key, message)
        done += 1
    return done / passed


def _jpki(dsn: str, folder: str) -> Jpki:
    keys = PartyKeys("jpki", new_master(SystemEntropy()))
    return Jpki(
        database=Database(Withheld(dsn), pool_max=2),
        keys=keys,
        key_store=FileKeys(Path(folder), Withheld(PASSPHRASE)),
        directory=DirectoryBook(keys.public.signing),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        ocsp_url="http://127.0.0.1/ocsp",
    )


async def found(dsn: str, folder: str) -> None:
    """Found both authorities, their keys in files of a folder."""
    jpki = _jpki(dsn, folder)
    await jpki.database.open()
    for ca in CAS:
        await found_generation(jpki, ca, named="present", actor="bench")
    await jpki.database.close()


def issue(work: Work) -> float:
    """Issue until the time is over or no key is left; returns certificates a second."""
    return asyncio.run(_issue(work))


async def _issue(work: Work) -> float:
    jpki = _jpki(work.dsn, work.keys)
    await jpki.database.open()
    chips = ReadyChips(moduli=list(work.moduli))
    await _one(jpki, chips)  # the linter's rules are made at the first certificate
    done, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < work.seconds and len(chips.moduli) > 1:
        await _one(jpki, chips)
        done += 1
    await jpki.database.close()
    return 2 * done / passed


async def _one(jpki: Jpki, chips: Chips) -> None:
    order = order_of(jpki.entropy.bytes(32), chips, order=new_id(jpki.entropy))
    await intend(jpki, "bench", order)
    await finish(jpki, order.order, actor="bench")
