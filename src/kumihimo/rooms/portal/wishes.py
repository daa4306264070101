"""How somebody wants to be told: whether each look is a notice, and where it is mailed that something waits.

What she wishes, her card signs. An address is good once the code that was mailed there came back.
"""

import hmac
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import reading
from kumihimo.rooms.portal import store_wishes as store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain.refusals import MailCodesSpent, MailCodeWrong
from kumihimo.rooms.portal.mail import address_of
from kumihimo.rooms.portal.proving import Spent
from kumihimo.rooms.portal.store_wishes import WishRow

CODE_FOR: Final = timedelta(minutes=30)
CODE_TRIES_MAX: Final = 5
CODES_A_DAY: Final = 3
HANG_AGAIN: Final = timedelta(days=30)  # long before the ledger forgets a bell
_CODES: Final = 10**8
_BLOCK: Final = 1_024  # the longest address fits, with everything beside it

Mail = Literal["none", "asked", "good"]


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What she wishes. `told`: a mail went out, and she was not here since.

    `postponed`: how often the relay put off what is to go out.
    """

    looks: bool = True
    address: str = ""
    good: bool = False
    code: str = ""
    code_until: datetime | None = None
    tries: int = 0
    codes: tuple[datetime, ...] = ()
    bell: str = ""
    hung_at: datetime | None = None
    told: bool = False
    postponed: int = 0

    @property
    def mail(self) -> Mail:
        """How it stands with her address."""
        return "good" if self.good else "asked" if self.address else "none"


class LooksWish(msgspec.Struct, frozen=True, kw_only=True, tag="looks"):
    """Whether each look is a notice."""

    on: bool


class AddressWish(msgspec.Struct, frozen=True, kw_only=True, tag="address"):
    """Where it is mailed that something waits."""

    address: str


Change = LooksWish | AddressWish
Done = Literal["looks-on", "looks-off", "code-sent"]


async def read(portal: Portal, account: str) -> tuple[Wishes, date]:
    """Return what somebody wishes, and since when she has her account.

    Who said nothing is told of each look, and gets no mail.
    """
    async with portal.database.transaction() as tx:
        row = await store.with_account(tx, account)
    assert row is not None, "who is signed in has an account"
    return wished(portal, account, row.content_locked), row.opened_on


def wished(portal: Portal, account: str, content: bytes | None) -> Wishes:
    """Return what somebody wishes who said that, or nothing."""
    return Wishes() if content is None else _unlocked(portal, account, content)


def opened(portal: Portal, row: WishRow) -> Wishes:
    """Return what a row holds."""
    return _unlocked(portal, row.account, row.content_locked)


def _unlocked(portal: Portal, account: str, content: bytes) -> Wishes:
    plain = portal.locker.unlock(bytes(content), label=b"wish" + account.encode())
    return msgspec.json.decode(plain, type=Wishes)


def locked(
    portal: Portal,
    account: str,
    wishes: Wishes,
    *,
    due: bool = False,
    rests_until: datetime | None = None,
) -> WishRow:
    """Return the row that holds these wishes; `due`: a mail is to go out, and not before `rests_until`."""
    content = portal.locker.lock(
        msgspec.json.encode(wishes), label=b"wish" + account.encode(), block=_BLOCK
    )
    return WishRow(
        account=account,
        content_locked=content,
        listens=wishes.good and bool(wishes.bell),
        due=due,
        rests_until=rests_until,
    )


async def _held(portal: Portal, tx: Tx, account: str) -> tuple[Wishes, bool]:
    """Return what somebody wishes, for this transaction alone, and whether a mail is to go out."""
    row = await store.of_account(tx, account, lock=True)
    return (Wishes(), False) if row is None else (opened(portal, row), row.due)


def new_address(portal: Portal, typed: str) -> AddressWish:
    """Return what a form asks for. Raises `BadInput`, also where this portal mails nothing."""
    if portal.mailer is None:
        raise BadInput("this portal mails nothing", pointer="address")
    return AddressWish(address=address_of(typed))


async def do(portal: Portal, spent: Spent) -> Done:
    """Do what her card signed. Raises `MailCodesSpent` for more codes than a day has."""
    change: Change = msgspec.json.decode(spent.wanted.change, type=LooksWish | AddressWish)
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        held, due = await _held(portal, tx, spent.account)
        match change:
            case LooksWish(on=on):
                wishes = msgspec.structs.replace(held, looks=on)
                await store.put(tx, locked(portal, spent.account, wishes, due=due))
                await portal.journal(tx, "look-notices-chosen", on=int(on))
                return "looks-on" if on else "looks-off"
            case AddressWish(address=address):
                codes = tuple(one for one in held.codes if one > now - timedelta(days=1))
                if len(codes) >= CODES_A_DAY:
                    raise MailCodesSpent
                drawn = int.from_bytes(portal.entropy.bytes(16), "big") % _CODES
                wishes = msgspec.structs.replace(
                    held,
                    address=address,
                    good=False,
                    code=f"{drawn:08d}",
                    code_until=now + CODE_FOR,
                    tries=0,
                    codes=(*codes, now),
                    postponed=0,
                )
                await store.put(tx, locked(portal, spent.account, wishes, due=True))
                await portal.journal(tx, "address-asked")
                return "code-sent"


async def confirm(portal: Portal, visit: Visit, typed: str) -> None:
    """Take the code that was mailed, and have a bell hung. Raises `MailCodeWrong`, `FreshCardNeeded`."""
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        held, due = await _held(portal, tx, visit.who)
        right = (
            held.code_until is not None
            and now < held.code_until
            and held.tries < CODE_TRIES_MAX
            and hmac.compare_digest(held.code.encode(), typed.encode())
        )
        if not right and held.code:
            tried = msgspec.structs.replace(held, tries=held.tries + 1)
            await store.put(tx, locked(portal, visit.who, tried, due=due))
            await portal.journal(tx, "mail-code-tried")
    if not right:
        raise MailCodeWrong(pointer="code")
    bell = await reading.with_session(portal, visit, portal.ledger.hang_bell)
    async with portal.database.transaction() as tx:
        held, _ = await _held(portal, tx, visit.who)
        good = msgspec.structs.replace(
            held, good=True, code="", code_until=None, bell=bell, hung_at=now, told=False
        )
        await store.put(tx, locked(portal, visit.who, good))
        await portal.journal(tx, "address-confirmed")


async def stop(portal: Portal, visit: Visit) -> None:
    """Mail nothing more, and forget the address. The ledger takes the bell down, or forgets it in time."""
    async with portal.database.transaction() as tx:
        held, _ = await _held(portal, tx, visit.who)
        wishes = Wishes(looks=held.looks, codes=held.codes)
        await store.put(tx, locked(portal, visit.who, wishes))
        await portal.journal(tx, "address-forgotten")
    if held.bell:
        await reading.take_down(portal, held.bell)


async def was_here(portal: Portal, visit: Visit, wishes: Wishes) -> None:
    """Write down that she saw what waits: what comes from now on is mailed again. Hangs an old bell anew."""
    old = wishes.hung_at is not None and portal.clock.now() > wishes.hung_at + HANG_AGAIN
    if not wishes.good or not (wishes.told or old):
        return
    bell = await reading.with_session(portal, visit, portal.ledger.hang_bell) if old else ""
    async with portal.database.transaction() as tx:
        held, _ = await _held(portal, tx, visit.who)
        if not held.good:
            return
        seen = msgspec.structs.replace(held, told=False)
        if bell:
            seen = msgspec.structs.replace(seen, bell=bell, hung_at=portal.clock.now())
        await store.put(tx, locked(portal, visit.who, seen))
        await portal.journal(tx, "mail-seen")
