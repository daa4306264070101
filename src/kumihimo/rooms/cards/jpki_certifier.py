"""jpki as cards' certification authority: orders under seal, happenings by the outbox."""

from typing import Final, TypeVar

import attrs
import msgspec

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.kernel.net import Caller
from kumihimo.kernel.refusal import Conflict, Unavailable
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.cards.certifier import Happening, Letter, Pair, Subject, Which
from kumihimo.rooms.jpki import api
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.rooms.register.api import Sealed

A = TypeVar("A")
CARRIER: Final = "card"


class OrderRefused(Conflict):
    """jpki does not certify these keys for this person now."""

    code = "order-refused"
    title = "The certification authority refuses the order"


@attrs.frozen
class JpkiCertifier:
    """Speaks to jpki for cards."""

    caller: Caller
    book: DirectoryBook
    entropy: Entropy

    async def issue(self, order: str, subject: Subject, *, auth: bytes, sign: bytes) -> Pair:
        """Order certificates. Raises `OrderRefused`, `Unavailable`."""
        asked = api.CertificateOrder(
            order=order,
            holder=subject.holder,
            version=subject.version,
            carrier=CARRIER,
            attributes=api.HolderAttributes(
                name=subject.name,
                birth=subject.birth,
                sex=subject.sex,
                address=subject.address,
            ),
            municipality=subject.municipality,
            card_ends_on=subject.last_day,
            sign_key=sign,
            auth_key=auth,
            abroad=subject.abroad,
            before_delivery=subject.before_delivery,
        )
        issued = await self._ask(api.ISSUE_PATH, api.IssueCertificates((asked,)), api.Issued)
        [one] = issued.issued
        if one.refusal:
            raise OrderRefused(one.detail, pointer=one.refusal)
        return Pair(
            auth=one.auth,
            sign=one.sign,
            auth_ca=one.auth_authority,
            sign_ca=one.sign_authority,
        )

    def happened(self, what: Happening, order: str, only: Which | None = None) -> Letter:
        """Return the message that tells jpki."""
        event = api.StatusEvent(event=new_id(self.entropy), kind=what, order=order, only=only)
        return Letter(
            topic=api.STATUS_EVENTS_PATH, body=msgspec.json.encode(api.StatusEvents((event,)))
        )

    async def _ask(self, path: str, question: msgspec.Struct, reply: type[A]) -> A:
        jpki = self.book.current().active(api.PARTY)
        if jpki is None:
            raise Unavailable("jpki is not in the directory")
        context = path.encode()
        payload = seal_payload(msgspec.json.encode(question), to=jpki.keys.payload, context=context)
        answer, _ = await self.caller.call(api.PARTY, path, Sealed(payload), Sealed)
        opened = open_payload(answer.payload, key=self.caller.keys.payload, context=context)
        return decode_strictly(opened, reply)
