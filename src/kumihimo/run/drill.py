"""A rehearsal of the worst day: a class of keys is broken. On a database that ends with it.

(1) cards are issued; (2) their class is marked broken and every certificate suspended; (3) re-keying
begins and is cut off half-way, as by a crash; (4) it goes on to the end; (5) everything is counted.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import PartyKeys, new_master
from kumihimo.kernel.postgres import EmbeddedPostgres
from kumihimo.kernel.sql import Database
from kumihimo.rooms.jpki import lists, recalls
from kumihimo.rooms.jpki.api import Ca, CertificateOrder, HolderAttributes
from kumihimo.rooms.jpki.authorities import CAS, found_generation
from kumihimo.rooms.jpki.context import Jpki
from kumihimo.rooms.jpki.domain.keys import new_key
from kumihimo.rooms.jpki.domain.recalls import KeyClass
from kumihimo.rooms.jpki.domain.weak_keys import spki_of
from kumihimo.rooms.jpki.issuance import finish, intend
from kumihimo.rooms.jpki.keystore import MemoryKeys
from kumihimo.rooms.oversight.client import DirectoryBook

Tell = Callable[[str], None]
_MINATO: Final = "131032"
_WORDS: Final = HolderAttributes(
    name="試験　太郎", birth="1980-02-17", sex="1", address="東京都港区芝公園１丁目１番１号"
)


class Crash(Exception):
    """The process would end here."""


@attrs.frozen(kw_only=True)
class Drilled:
    """What the rehearsal took, and what it left."""

    cards: int
    suspended_s: float
    replaced_s: float
    cut_after: int
    statuses: dict[str, int]

    def lines(self) -> list[str]:
        """Return it in words."""
        per_second = self.cards / self.replaced_s
        return [
            f"{self.cards} cards: suspended in {self.suspended_s:.1f} s",
            f"re-keyed in {self.replaced_s:.1f} s, {per_second:.1f} cards a second",
            f"cut off after {self.cut_after} cards, and resumed",
            *[f"{count} certificates: {what}" for what, count in sorted(self.statuses.items())],
        ]


@attrs.define
class Chips:
    """Software chips: each makes the key pair that it is asked for; one of them ends the process."""

    crash_at: int = 0
    made: int = 0

    def __call__(self, order: str, ca: Ca) -> bytes:
        """Return the public key of a new pair."""
        assert order, "a chip is asked for an order"
        assert ca in CAS, "for one of two authorities"
        self.made += 1
        if self.made == self.crash_at:
            raise Crash
        return spki_of(new_key("rsa-2048").public_key())


def order_of(who: bytes, chips: Chips, *, order: str) -> CertificateOrder:
    """Return an order of both certificates of a card for somebody."""
    return CertificateOrder(
        order=order,
        holder=who,
        version=1,
        carrier="card",
        attributes=_WORDS,
        municipality=_MINATO,
        card_ends_on=date(2099, 1, 1),
        sign_key=chips(order, "sign"),
        auth_key=chips(order, "auth"),
    )


async def open_jpki(postgres: EmbeddedPostgres, name: str) -> Jpki:
    """Return a jpki of its own, its authorities founded; close its database afterwards."""
    entropy = SystemEntropy()
    reached = await asyncio.to_thread(postgres.room, name, ["kumihimo.rooms.jpki"], entropy=entropy)
    keys = PartyKeys("jpki", new_master(entropy))
    jpki = Jpki(
        database=Database(reached.runtime, pool_max=4),
        keys=keys,
        key_store=MemoryKeys(),
        directory=DirectoryBook(keys.public.signing),
        clock=SystemClock(),
        entropy=entropy,
        ocsp_url="http://127.0.0.1/ocsp",
    )
    await jpki.database.open()
    for ca in CAS:
        await found_generation(jpki, ca, named="present", actor="drill")
    return jpki


def drill(cards: int, tell: Tell) -> Drilled:
    """Rehearse; raises `AssertionError` when anybody was lost or served twice."""
    with TemporaryDirectory(prefix="kumihimo-drill-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = EmbeddedPostgres.start(
            folder / "postgres", entropy=SystemEntropy(), durable=False
        )
        try:
            return asyncio.run(_whole(postgres, cards, tell))
        finally:
            postgres.stop()


async def _whole(postgres: EmbeddedPostgres, cards: int, tell: Tell) -> Drilled:
    jpki = await open_jpki(postgres, "jpki")
    try:
        return await _drill(jpki, cards, tell)
    finally:
        await jpki.database.close()


async def _drill(jpki: Jpki, cards: int, tell: Tell) -> Drilled:
    tell(f"(1) {cards} cards are issued")
    chips = Chips()
    for _ in range(cards):
        order = order_of(jpki.entropy.bytes(32), chips, order=new_id(jpki.entropy))
        await intend(jpki, "drill", order)
        await finish(jpki, order.order, actor="drill")
    tell("(2) every key of these cards is broken: all certificates are suspended")
    begun = time.perf_counter()
    recall = await recalls.begin(jpki, KeyClass(carrier="card"), actor="drill")
    while await recalls.suspend_some(jpki, recall, actor="drill"):
        pass
    while await lists.publish_due(jpki):
        pass
    suspended_s = time.perf_counter() - begun
    tell("(3) new keys; half-way the process ends")
    begun = time.perf_counter()
    try:
        await _replace(jpki, recall, Chips(crash_at=cards + 1))
    except Crash:
        tell("(4) it is started again and goes on")
    cut_after = (await recalls.progress(jpki, recall)).get("replaced", 0)
    await _replace(jpki, recall, Chips())
    replaced_s = time.perf_counter() - begun
    statuses = await _counted(jpki)
    assert statuses == {"good": 2 * cards, "revoked keyCompromise": 2 * cards}, statuses
    return Drilled(
        cards=cards,
        suspended_s=suspended_s,
        replaced_s=replaced_s,
        cut_after=cut_after,
        statuses=statuses,
    )


async def _replace(jpki: Jpki, recall: str, chips: Chips) -> None:
    while await recalls.replace_some(jpki, recall, chips, actor="drill"):
        pass


@attrs.frozen
class _Counted:
    what: str
    count: int


async def _counted(jpki: Jpki) -> dict[str, int]:
    async with jpki.database.transaction() as tx:
        rows = await tx.rows(
            "SELECT concat_ws(' ', status, reason) AS what, count(*) AS count FROM certificate"
            " GROUP BY 1",
            {},
            _Counted,
        )
    return {row.what: row.count for row in rows}
