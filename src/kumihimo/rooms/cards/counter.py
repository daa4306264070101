"""The counter: a municipality's own program between the centre, the officer and the chip.

It holds no secret of the chip. Every step is asked of the centre, and every right over the chip is
proved by the centre's answer to that very chip. An act that was cut, by a lost message, a pulled
card or a crash, is done again from its beginning, or given up; both end with centre, notes and chip
in agreement (docs/reference/cards.md).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Final, TypeVar

import attrs
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kumihimo.card import applications as ap
from kumihimo.card import terminal
from kumihimo.card.apdu import Command
from kumihimo.card.applications import COMMON, JPKI, JUKI, TEXT
from kumihimo.card.cv import FIRST_BLOCK_BYTES
from kumihimo.card.files import Application
from kumihimo.card.terminal import PinBlocked, PublicKey, Transmit, WrongPin
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.kernel.net import Caller, Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.kernel.wire import decode_strictly
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.cards import api
from kumihimo.rooms.cards.domain.pins import PinKind
from kumihimo.rooms.cards.domain.refusals import BadPin
from kumihimo.rooms.cards.notes import Line, Mark, Notes, unfinished
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.register.api import Sealed

A = TypeVar("A")
Secrets = Mapping[PinKind, Withheld[str]]

# Where each secret stands in the chip; one of them in two applications.
PLACES: Final[dict[str, tuple[tuple[Application, int], ...]]] = {
    "auth": ((JPKI, ap.AUTH_PIN),),
    "sign": ((JPKI, ap.SIGN_PIN),),
    "text": ((TEXT, ap.TEXT_PIN),),
    "register": ((JUKI, ap.CARD_PIN), (COMMON, ap.CARD_PIN)),
}
KEYS: Final = {"auth": ap.AUTH_KEY, "sign": ap.SIGN_KEY}
_ORDER: Final = (JPKI, TEXT, JUKI, COMMON)


@attrs.frozen
class Centre:
    """The way to cards: sealed both ways, signed by the office."""

    caller: Caller
    book: DirectoryBook

    async def ask(self, path: str, question: msgspec.Struct, reply: type[A]) -> A:
        """Ask cards. Raises `Refused`, `Unavailable`."""
        cards = self.book.current().active(api.PARTY)
        if cards is None:
            raise Unavailable("cards is not in the directory")
        context = path.encode()
        payload = seal_payload(
            msgspec.json.encode(question), to=cards.keys.payload, context=context
        )
        answer, _ = await self.caller.call(api.PARTY, path, Sealed(payload), Sealed)
        opened = open_payload(answer.payload, key=self.caller.keys.payload, context=context)
        return decode_strictly(opened, reply)


@attrs.frozen(kw_only=True)
class Visitor:
    """What the officer saw: who is there, with which papers, and who the officers are."""

    officer: str
    second_officer: str = ""
    form: str = ""
    holder_present: bool = True
    papers: tuple[str, ...] = ()
    agent: api.AgentShown | None = None


@attrs.frozen(kw_only=True)
class More:
    """What some acts need: the day of leaving Japan, and the PIN that lets the text be read."""

    leaves_on: date | None = None
    text_pin: Withheld[str] | None = None


@attrs.frozen(kw_only=True)
class Counter:
    """A counter with a chip in its reader."""

    centre: Centre
    transmit: Transmit
    notes: Notes
    entropy: Entropy
    name: str

    async def find(self) -> api.CardShown:
        """Show the card that is in the reader."""
        return await self.centre.ask(
            api.FIND_PATH, api.FindCard(serial=self._serial()), api.CardShown
        )

    async def act(
        self,
        kind: api.SessionKind,
        visitor: Visitor,
        *,
        secrets: Secrets | None = None,
        more: More | None = None,
    ) -> api.SessionEnded:
        """Do an act on the chip in the reader, or go on with the same act where it was cut.

        `secrets` are those that the holder typed to be set. Raises what the centre or the chip
        refuses; whatever it raises, the act can be called again, or `give_up`.
        """
        more = more or More()
        session = new_id(self.entropy)
        self.notes.add(Line(session, kind, "begun"))
        question = api.BeginSession(
            session=session,
            kind=kind,
            serial=self._serial(),
            officer=visitor.officer,
            second_officer=visitor.second_officer,
            terminal=self.name,
            form=visitor.form,
            holder_present=visitor.holder_present,
            papers=visitor.papers,
            agent=visitor.agent,
            pins=tuple(secrets or ()) if kind == "pins" else (),
            leaves_on=more.leaves_on,
        )
        begun = await self.centre.ask(api.BEGIN_PATH, question, api.SessionBegun)
        if begun.session != session:
            self.notes.add(Line(session, kind, "aborted"))  # the card's own goes on instead
            self.notes.add(Line(begun.session, kind, "begun"))
        try:
            text = await self._text(begun, more.text_pin)
        except (WrongPin, PinBlocked):
            await self._drop(begun)
            raise
        writing = await self._prove(begun, text)
        await self._write(writing, secrets or {})
        answer = terminal.prove_chip(self.transmit, writing.final_challenge)
        return await self._end(
            begun.session,
            kind,
            api.COMMIT_PATH,
            api.CommitSession(session=begun.session, answer=answer),
        )

    async def give_up(self, session: str) -> api.SessionEnded:
        """Give a session up: what it had set is taken off the chip first, if it came so far.

        Raises `Refused` (wrong-state) for an act that only goes forward: then `act` it again.
        """
        kind = unfinished(self.notes).get(session, "activate")
        abort = api.AbortSession(session=session)
        try:
            return await self._end(session, kind, api.ABORT_PATH, abort)
        except Refused as refused:
            if refused.reason == "session-over":  # the centre never heard of it
                self.notes.add(Line(session, kind, "aborted"))
                return api.SessionEnded(session=session, phase="aborted", state="")
            if refused.reason != "wrong-state":
                raise
        await self._take_off(session)
        gone = api.AbortSession(session=session, pins_gone=True)
        return await self._end(session, kind, api.ABORT_PATH, gone)

    async def settle(self) -> dict[str, api.SessionKind]:
        """Close what is unfinished and needs no chip; returns the sessions that need theirs."""
        for session, kind in unfinished(self.notes).items():
            try:
                await self._end(session, kind, api.ABORT_PATH, api.AbortSession(session=session))
            except Refused as refused:
                if refused.reason == "session-over":
                    self.notes.add(Line(session, kind, "aborted"))
                elif refused.reason != "wrong-state":
                    raise
        return unfinished(self.notes)

    def _serial(self) -> str:
        return terminal.serial(self.transmit).decode("ascii")

    async def _end(
        self, session: str, kind: api.SessionKind, path: str, question: msgspec.Struct
    ) -> api.SessionEnded:
        ended = await self.centre.ask(path, question, api.SessionEnded)
        mark: Mark = "committed" if ended.phase == "committed" else "aborted"
        assert ended.phase == mark, "only an end is answered"
        self.notes.add(Line(session, kind, mark))
        return ended

    async def _text(self, begun: api.SessionBegun, pin: Withheld[str] | None) -> bytes:
        """Read what the chip says of its text, where that is asked for. Raises `WrongPin`.

        The holder's PIN opens it. An act that was cut goes on without: she gave it when it began,
        and a PIN that was blocked meanwhile must not leave the chip half written for ever.
        """
        if not begun.needs_text:
            return b""
        if begun.phase == "writing":
            await self._prove_role(begun.session, TEXT)
        else:
            terminal.select(self.transmit, TEXT)
            typed = (pin or Withheld("")).reveal().encode("utf-8")
            terminal.verify(self.transmit, ap.TEXT_PIN, Withheld(typed))
        return terminal.read_file(self.transmit, ap.INTEGRITY)

    async def _drop(self, begun: api.SessionBegun) -> None:
        """Give up a session of which nothing is in the chip, so that it stands in nobody's way."""
        abort = api.AbortSession(session=begun.session)
        with suppress(Refused, Unavailable):  # if not now, it lapses by itself
            await self._end(begun.session, begun.kind, api.ABORT_PATH, abort)

    async def _prove(self, begun: api.SessionBegun, text: bytes) -> api.Writing:
        answer = terminal.prove_chip(self.transmit, begun.challenge)
        proof = api.ProveChip(session=begun.session, answer=answer, text=text)
        return await self.centre.ask(api.PROVE_PATH, proof, api.Writing)

    async def _write(self, writing: api.Writing, secrets: Secrets) -> None:
        """Write everything, application by application; the role is proved in each anew."""
        values = {kind: _secret(secrets, kind) for kind in writing.pins}
        for application in _ORDER:
            files = [file for file in writing.files if file.application == application.name]
            here = _here(writing.pins, application)
            keys = writing.keys if application is JPKI else ()
            if not files and not here and not keys:
                continue
            await self._prove_role(writing.session, application)
            if keys:
                files += await self._certify(writing)
            for file in files:
                terminal.update_file(self.transmit, file.file, file.content)
            for fid, kind in here.items():
                terminal.set_pin(self.transmit, fid, values[kind])

    async def _certify(self, writing: api.Writing) -> list[api.ChipFile]:
        made = {
            kind: _spki(terminal.generate_key(self.transmit, KEYS[kind])) for kind in writing.keys
        }
        keys = api.NewKeys(
            session=writing.session, auth=made.get("auth", b""), sign=made.get("sign", b"")
        )
        certified = await self.centre.ask(api.KEYS_PATH, keys, api.Certified)
        return list(certified.files)

    async def _prove_role(self, session: str, application: Application) -> api.RoleProof:
        """Prove the counter's role in an application: the centre answers the chip."""
        terminal.select(self.transmit, application)
        question = terminal.challenge(self.transmit)
        asked = api.AskRole(session=session, challenge=question)
        role = await self.centre.ask(api.ROLE_PATH, asked, api.RoleProof)
        first, rest = role.certificate[:FIRST_BLOCK_BYTES], role.certificate[FIRST_BLOCK_BYTES:]
        for block in (first, rest):
            terminal.call(self.transmit, Command(0x80, 0xA2, 0, 0xC1, block))
        terminal.call(self.transmit, Command(0, 0x82, 0, 0, role.proof))
        return role

    async def _take_off(self, session: str) -> None:
        """Take the secrets of a session off the chip, so that nobody knows one."""
        for application in _ORDER:
            role = await self._prove_role(session, application)
            for fid in _here(role.pins, application):
                terminal.take_pin_away(self.transmit, fid)


def _here(pins: Sequence[str], application: Application) -> dict[int, str]:
    """Return where secrets stand in an application."""
    return {fid: pin for pin in pins for where, fid in PLACES[pin] if where is application}


def _secret(secrets: Secrets, kind: str) -> Withheld[bytes]:
    found = {str(known): value for known, value in secrets.items()}.get(kind)
    if found is None:
        raise BadPin("this secret was not typed", pointer=kind)
    return Withheld(found.reveal().encode("ascii"))


def _spki(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
