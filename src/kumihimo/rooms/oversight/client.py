"""What every room holds of oversight: its directory, verified, and the settings to reach others.

The directory is verified against a pinned key and never rolled back, by a restart neither: a room
keeps it in its database before it acts on it, and starts from there while oversight is silent. By
the signed head of the directory a room knows how old its own is, and with one that is too old it
refuses (`operations/graces.py`). Also which leaks the commission is told of, so that whoever reports knows its own last days.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import httpx2
import msgspec

from kumihimo.kernel import kept
from kumihimo.kernel.anchoring import Anchoring, What
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.kept import KeptStatement
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.messenger import Messenger
from kumihimo.kernel.net import Caller, HttpNet, trusted
from kumihimo.kernel.reaching import reach
from kumihimo.kernel.refusal import BadInput, Conflict, NotAuthentic, Unavailable
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.leaf import LEAVES_PATH, Logged, Submitted
from kumihimo.kernel.tracing import Tracing, to_collector, tracing
from kumihimo.kernel.vouching import Voucher
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.oversight.api import (
    ALARM_PATH,
    DIRECTORY_PATH,
    HEAD_PATH,
    LOG_KEEPER,
    PARTY,
    Alarm,
    HeadBody,
    LeakEvent,
    Received,
    SignedDirectory,
    SignedHead,
)
from kumihimo.rooms.oversight.book import DirectoryBook

if TYPE_CHECKING:
    from kumihimo.rooms.oversight.domain.leaks import Classified

FETCH_TIMEOUT_S: Final = 10.0
KEPT_AS: Final = "directory"
HEAD_KEPT_AS: Final = "directory-head"
KEEP_HEAD_EVERY: Final = timedelta(minutes=1)  # our choice: a restart may take it for so much older
TRACES_ONE_IN: Final = 100  # our choice: at a thousand requests a second ten traces
_NOT_THERE: Final = 404
_KEY_BYTES: Final = 32
_PORT_DIGITS: Final = 5


T = TypeVar("T", SignedDirectory, SignedHead)


class DirectoryFollower:
    """Fetches the directory again and again, so that a suspension reaches every room.

    `database` is the room's, where the latest is kept; None for a command, which ends too soon to
    be shown two.
    """

    def __init__(
        self,
        book: DirectoryBook,
        oversight_address: str,
        database: Database | None = None,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._book = book
        self._oversight = oversight_address.rstrip("/")
        self._database = database
        self._head_kept_at = datetime.min.replace(tzinfo=UTC)
        self._http = httpx2.AsyncClient(
            transport=transport or Messenger(trusted()), timeout=FETCH_TIMEOUT_S, trust_env=False
        )

    async def start(self) -> None:
        """Take up the directory that was kept, then oversight's, if it answers.

        Raises `Unavailable` when there is neither, `Conflict` as `recall` does.
        """
        await self.recall()
        try:
            await self.fetch()
        except Unavailable:
            if self._book.version == 0:
                raise

    async def recall(self) -> bool:
        """Take up what this room kept, in this process or another; True when it was newer.

        Raises `Conflict` when somebody altered it, `Unavailable`.
        """
        if self._database is None:
            return False
        signer, newer = self._book.pinned, False
        async with self._database.transaction() as tx:
            found = await kept.kept(tx, what=KEPT_AS, signer=signer)
            head = await kept.kept(tx, what=HEAD_KEPT_AS, signer=signer)
        try:
            if found is not None and found.version > self._book.version:
                signed = SignedDirectory(bytes(found.body), bytes(found.signature))
                newer = self._book.update(signed)
            if head is not None:
                signed_head = SignedHead(bytes(head.body), bytes(head.signature))
                self._book.confirm(signed_head.verify(oversight=signer))
        except NotAuthentic as error:
            raise Conflict(
                "the directory that this room kept was altered in its database (kept_statement)"
            ) from error
        return newer

    async def fetch(self) -> bool:
        """Fetch once; True when it was newer. Raises `Unavailable` for no answer or a false one."""
        recalled = await self.recall()
        try:
            signed_head = await self._get(HEAD_PATH, SignedHead)
            head = signed_head.verify(oversight=self._book.pinned) if signed_head else None
            fetched = False
            # An oversight of an older program has no heads: then nothing says how old it is.
            if head is None or not self._book.confirm(head):
                fetched = await self._fetch_directory()
                if head is not None:
                    self._book.confirm(head)
        except httpx2.HTTPError as error:
            raise Unavailable("oversight does not answer") from error
        except (BadInput, NotAuthentic) as error:
            # Whoever stands in between can withhold a directory and cannot make one.
            words = "what came is no directory that oversight signed, or an older one"
            raise Unavailable(words) from error
        if signed_head is not None and head is not None:
            await self._keep_head(signed_head, head)
        return fetched or recalled

    async def _fetch_directory(self) -> bool:
        signed = await self._get(DIRECTORY_PATH, SignedDirectory)
        if signed is None:
            raise Unavailable("oversight has no directory yet")
        version = self._book.check(signed).version
        if version > self._book.version:
            # Before anybody acts on it: who has acted on it must not forget it.
            await self._keep(KEPT_AS, KeptStatement(version, signed.body, signed.signature))
        return self._book.update(signed)

    async def _get(self, path: str, form: type[T]) -> T | None:
        answer = await self._http.get(self._oversight + path)
        if answer.status_code == _NOT_THERE:
            return None
        answer.raise_for_status()
        return decode_strictly(answer.content, form)

    async def _keep_head(self, signed: SignedHead, head: HeadBody) -> None:
        """Keep it so that a restart knows how old the directory is; not each of them."""
        if head.at - self._head_kept_at >= KEEP_HEAD_EVERY and self._book.confirm(head):
            statement = KeptStatement(int(head.at.timestamp()), signed.body, signed.signature)
            await self._keep(HEAD_KEPT_AS, statement)
            self._head_kept_at = head.at

    async def _keep(self, what: str, statement: KeptStatement) -> None:
        if self._database is None:
            return
        async with self._database.transaction() as tx:
            await kept.keep(tx, statement, what=what, signer=self._book.pinned)

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()


def anchoring(room: str, database: Database, caller: Caller, *, several: bool = False) -> Anchoring:
    """Return what holds a room's journal against the ledger's log, and tells oversight.

    `several`: the room may have anchored it as another party before.
    """

    async def send(submitted: Submitted) -> Logged:
        logged, _ = await caller.call(LOG_KEEPER, LEAVES_PATH, submitted, Logged)
        return logged

    async def tell(alarm: str, kind: What) -> None:
        told = own_alarm(alarm, kind, caller.keys.party, caller.clock.now())
        await caller.call(PARTY, ALARM_PATH, told, Received)

    return Anchoring(
        room=room,
        database=database,
        keys=caller.keys,
        clock=caller.clock,
        send=send,
        tell=tell,
        several=several,
    )


def own_alarm(alarm: str, kind: What | Literal["state-changed"], party: str, at: datetime) -> Alarm:
    """Return what oversight is told of a journal, or of rows, that are not as their room left them."""
    return Alarm(
        alarm=alarm,
        kind=kind,
        permit="",
        requester=party,
        provider="",
        noticed_at=at,
    )


def listening_at(text: str, *, key: str) -> tuple[str, int]:
    """Return host and port of a setting; raises `BadSettings` that names the key."""
    host, _, port = text.rpartition(":")
    if not host or not host.isprintable() or not _is_port(port):
        raise BadSettings(f"{key}: host:port, such as 127.0.0.1:8400", pointer=key)
    return host.strip("[]"), int(port)


def operators_at(text: str) -> tuple[str, int] | None:
    """Return where operators are answered, None where they are not; raises `BadSettings`."""
    return listening_at(text, key="operators") if text else None


def tracing_to(address: str, *, one_in: int, room: str, entropy: Entropy) -> Tracing | None:
    """Return what traces one request in so many to a collector; raises `BadSettings`."""
    if one_in < 1:
        raise BadSettings("traces_one_in: at least 1", pointer="traces_one_in")
    if not address:
        return None
    if not is_address(address):
        raise BadSettings(
            "traces: an address is http:// or https://, a host and maybe a port and a path",
            pointer="traces",
        )
    return tracing(room, to_collector(address), one_in=one_in, entropy=entropy)


class PartySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the settings file of every program says that speaks for a party.

    `oversight_key` is the pinned Ed25519 key of oversight in hexadecimal, `peers` the base address
    of each party, `listen` where the program listens (loopback unless somebody else guards it).
    """

    oversight_key: str
    peers: dict[str, str]
    listen: str = "127.0.0.1:8400"

    def book(self) -> DirectoryBook:
        """Return the holder of oversight's directory; raises `BadSettings` for a bad key."""
        try:
            pinned = bytes.fromhex(self.oversight_key)
        except ValueError:
            pinned = b""
        if len(pinned) != _KEY_BYTES:
            raise BadSettings("oversight_key: 64 hexadecimal digits", pointer="oversight_key")
        return DirectoryBook(pinned)

    def net(self) -> HttpNet:
        """Return the way to the other parties; raises `BadSettings` for a bad address."""
        for party, address in self.peers.items():
            if not is_address(address):
                raise BadSettings(
                    f"peers.{party}: an address is http:// or https://, a host and maybe a port",
                    pointer="peers",
                )
        return HttpNet(self.peers)

    def follower(self, book: DirectoryBook, database: Database | None) -> DirectoryFollower:
        """Return what keeps the directory fresh, kept in a database where there is one.

        Raises `BadSettings` without oversight's address.
        """
        address = self.peers.get(PARTY)
        if address is None:
            raise BadSettings("peers: oversight's address is missing", pointer="peers")
        return DirectoryFollower(book, address, database)

    def address(self) -> tuple[str, int]:
        """Return host and port to listen on; raises `BadSettings`."""
        return listening_at(self.listen, key="listen")


class RoomSettings(PartySettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the settings file of every room says.

    `database` names the file with the DSN of the runtime role. At `operators`, host and port of
    their own, operators read how the room does. `traces` is a collector's address for spans.
    """

    database: SecretFile
    database_connections: int = 8
    database_pooler: bool = False
    operators: str = ""
    traces: str = ""
    traces_one_in: int = TRACES_ONE_IN

    def operators_address(self) -> tuple[str, int] | None:
        """Return host and port for operators, None where there is none; raises `BadSettings`."""
        return operators_at(self.operators)

    def tracing(self, room: str, entropy: Entropy) -> Tracing | None:
        """Return what traces the room, None where no collector is named; raises `BadSettings`."""
        return tracing_to(self.traces, one_in=self.traces_one_in, room=room, entropy=entropy)

    def open_later(self, *keys: PartyKeys, beside: Path) -> Database:
        """Return the database, not opened yet; raises `BadSettings`.

        By `keys`, those of the room's parties, the room knows what it wrote there itself.
        """
        return reach(
            self.database,
            connections=self.database_connections,
            pooler=self.database_pooler,
            beside=beside,
        ).vouched(Voucher.of(*keys) if keys else None)


class PagesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the settings file of a room of pages says: people sign in there, no other room calls.

    It serves without being a party. With `oversight_key` and the addresses of oversight and the
    ledger in `peers` it is one, which signs nothing but the heads of its journal for the log.
    """

    database: SecretFile
    key: str
    listen: str
    database_connections: int = 8
    database_pooler: bool = False
    operators: str = ""
    traces: str = ""
    traces_one_in: int = TRACES_ONE_IN
    oversight_key: str = ""
    peers: dict[str, str] = {}

    def address(self) -> tuple[str, int]:
        """Return host and port to listen on; raises `BadSettings`."""
        return listening_at(self.listen, key="listen")

    def operators_address(self) -> tuple[str, int] | None:
        """Return host and port for operators, None where there is none; raises `BadSettings`."""
        return operators_at(self.operators)

    def tracing(self, room: str, entropy: Entropy) -> Tracing | None:
        """Return what traces the room, None where no collector is named; raises `BadSettings`."""
        return tracing_to(self.traces, one_in=self.traces_one_in, room=room, entropy=entropy)

    def open_later(self, *keys: PartyKeys, beside: Path) -> Database:
        """Return the database, not opened yet; raises `BadSettings`.

        By `keys`, those of the room's parties, the room knows what it wrote there itself.
        """
        return reach(
            self.database,
            connections=self.database_connections,
            pooler=self.database_pooler,
            beside=beside,
        ).vouched(Voucher.of(*keys) if keys else None)

    def federation(self) -> PartySettings | None:
        """Return how it reaches the log, None where nothing is said of it; raises `BadSettings`."""
        if not (self.oversight_key or self.peers):
            return None
        if missing := {PARTY, LOG_KEEPER} - self.peers.keys():
            raise BadSettings(f"peers: the address of {min(missing)} is missing", pointer="peers")
        return PartySettings(oversight_key=self.oversight_key, peers=self.peers, listen=self.listen)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _PORT_DIGITS and _in_range(int(text))


def _in_range(port: int) -> bool:
    return 0 < port < 1 << 16


def is_address(text: str) -> bool:
    """Say whether a text is the base address of a server."""
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        return False
    sound = url.port is None or _in_range(url.port)
    return sound and url.scheme in {"http", "https"} and bool(url.host) and not url.query


def classify(event: LeakEvent) -> "Classified":
    """Say as what an event is reported to the commission, and by which days."""
    # Whoever runs a book of keys and reports no leak has nothing of this in its memory.
    from kumihimo.rooms.oversight.domain import leaks  # noqa: PLC0415

    return leaks.classify(event)
