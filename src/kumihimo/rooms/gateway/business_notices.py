"""How an institution tells a person something by the portal (お知らせ), and what became of it."""

from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from kumihimo.kernel.wire import whole
from kumihimo.rooms.gateway.api import NoticeCategory
from kumihimo.rooms.gateway.business import Addressee, Affair, InquiryName, Staff
from kumihimo.rooms.linkage.notice_api import NoticeState

TITLE_MAX: Final = 60
TEXT_MAX: Final = 1_500
LINK_MAX: Final = 300

Reference = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("[!-~]{1,64}"),
        description="The institution's own name of a notice: the same one again sends nothing.",
    ),
]


class NoticeToSend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One notice to one person, for an affair that the caller handles.

    `deadline` is the day on which she must have acted. `until` is the last day on which it is shown:
    30 days after the deadline, or 90 days from now, where it is left out.
    """

    reference: Reference
    addressee: Addressee
    affair: Affair
    category: NoticeCategory
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_MAX)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
    deadline: date | None = None
    link: Annotated[
        str,
        msgspec.Meta(
            pattern=whole("(https://[a-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?)?"), max_length=LINK_MAX
        ),
    ] = ""
    until: date | None = None


class NoticesToSend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """1 to 100 notices."""

    officer: Staff
    notices: tuple[NoticeToSend, ...]


NoticeOutcome = Literal[
    "SENT", "KNOWN", "NO_PERSON", "PENDING_ACQUISITION", "LINK_SUSPENDED", "WITHHELD"
]


class NoticeSent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one; `notice` is its id when it was sent, now or before (KNOWN).

    NO_PERSON: nobody is registered under this addressee number. PENDING_ACQUISITION: her code is not
    here yet, send again. LINK_SUSPENDED: whose number this is, is being checked. WITHHELD: this
    institution withholds her data or hides its exchanges with her, so the portal must not name it.
    Where a notice went out by none of these ways, it goes by letter.
    """

    reference: str
    outcome: NoticeOutcome
    notice: str = ""


class NoticesSent(msgspec.Struct, frozen=True):
    """In the order given."""

    notices: tuple[NoticeSent, ...]


class NoticeWithdrawn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a notice back: the person reads that it was withdrawn."""

    notice: InquiryName
    officer: Staff


class NoticeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A notice that was sent. `removed`: the person does not see it any more, nor that it was there.

    Whether she has read it is not known here.
    """

    notice: str
    reference: str
    addressee: str
    affair: str
    category: NoticeCategory
    title: str
    deadline: date | None
    sent_on: date
    until: date
    state: NoticeState
    officer: str


class NoticesOf(msgspec.Struct, frozen=True):
    """The latest first, at most 100."""

    notices: tuple[NoticeInfo, ...]
