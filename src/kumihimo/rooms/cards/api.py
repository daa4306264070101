"""cards' doors: applications, the way of a card to its holder, sessions of a counter, counts.

Who calls is a municipality's counter. Whatever names a person crosses inside a `Sealed`: the number
only with an application, and back never. What a counter holds of a card is its id, which is random
and means nothing; the 23 digits of an application and the serial of a chip are read, not linked.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

from kumihimo.rooms.register.api import Attributes

PARTY = "cards"

OPEN_PATH = "/applications/open"
PHOTO_PATH = "/applications/photo"
SUBMIT_PATH = "/applications/submit"
DECIDE_PATH = "/applications/decide"
SHOW_PATH = "/applications/show"
HANDLE_PATH = "/cards/handle"
HOLD_PATH = "/cards/hold"
END_PATH = "/cards/end"
FIND_PATH = "/cards/find"
MISDELIVERY_PATH = "/cards/misdelivery"
BEGIN_PATH = "/sessions/begin"
PROVE_PATH = "/sessions/prove"
ROLE_PATH = "/sessions/role"
KEYS_PATH = "/sessions/keys"
COMMIT_PATH = "/sessions/commit"
ABORT_PATH = "/sessions/abort"
COUNT_PATH = "/counts"

PHOTO_BYTES_MAX = 1024 * 1024  # our choice: a passport photo as JPEG is a tenth of it


class OpenApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Give out an application id (申請書ID) to a resident of the sender; the same again is answered.

    `application` is drawn by the counter: 22 characters, random.
    """

    application: str
    number: str
    attributes: Attributes


class OpenedApplication(msgspec.Struct, frozen=True, kw_only=True):
    """The id with its 23 digits, under which the photo is taken."""

    application: str
    form: str


class TakePhoto(msgspec.Struct, frozen=True, kw_only=True):
    """Bind a photo to an application, before either can be used."""

    application: str
    photo: bytes


class PhotoTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The bond of photo and application (32 bytes): production checks it again."""

    application: str
    bond: bytes


class Submit(msgspec.Struct, frozen=True, kw_only=True):
    """Apply. The fields are those of the form; see `domain.applying.Wish`.

    `papers` were shown at the counter (申請時来庁, express issue). `looked_twice` is said after the
    officer compared the address with that of a namesake.
    """

    application: str
    channel: Literal["post", "pc", "smartphone", "booth", "counter"]
    handover: Literal["counter", "checked-at-application", "direct"] = "counter"
    kind: Literal["standard", "without-sign", "face"] = "standard"
    certificates: bool = True
    express: str = ""
    event_on: date | None = None
    replaces: Literal["", "expiry", "lost", "damaged", "renewal", "not-own-fault"] = ""
    ward: bool = False
    stay: Literal["japanese", "unlimited", "limited"] = "japanese"
    stay_until: date | None = None
    stay_renewal_asked_on: date | None = None
    papers: tuple[str, ...] = ()
    agent: "AgentShown | None" = None
    pins: dict[str, str] = {}
    looked_twice: bool = False


class AgentShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts for the holder, for which reason, with which papers."""

    kind: Literal["legal-representative", "proxy"]
    reason: str = ""
    papers: tuple[str, ...] = ()


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """Where an application stands."""

    application: str
    form: str
    state: str
    because: str
    name: str
    due_from: date | None
    due_by: date | None
    fee: int
    card: str


class DecideApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Send an application back (不備), reject it, or withdraw it for the applicant."""

    application: str
    event: Literal["send-back", "reject", "withdraw"]
    because: str


class ShowApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for an application by its 23 digits or by its own id."""

    form: str = ""
    application: str = ""


class CardShown(msgspec.Struct, frozen=True, kw_only=True):
    """A card as a counter sees it. `pins` are the secrets that its holder sets.

    `incident` is its misdelivery, while that is not closed.
    """

    card: str
    serial: str
    form: str
    state: str
    because: str
    kind: str
    name: str
    birth: str
    address: str
    municipality: str
    delivered_on: date | None
    last_day: date
    lapses_on: date | None
    pins: tuple[str, ...]
    overdue: bool
    incident: "Incident | None" = None


class HandleCard(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a card on its way: arrived, notified, posted, back, received, thrown away."""

    card: str
    event: Literal["ship", "notify", "post", "come-back", "deliver", "discard"]
    officer: str


class CardAfter(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a card after what was done."""

    card: str
    state: str


class HoldCard(msgspec.Struct, frozen=True, kw_only=True):
    """Stop a person's card at once (一時停止): by phone at any hour, or at a counter."""

    attributes: Attributes
    channel: Literal["phone", "counter"]
    police_report: str = ""


class Held(msgspec.Struct, frozen=True):
    """How many cards were stopped by this; none tells nobody whether there is one."""

    new: int


class EndCard(msgspec.Struct, frozen=True, kw_only=True):
    """Abolish a card: it was handed back, is lost for good, or lapsed."""

    card: str
    because: Literal["return", "loss", "lapse", "authority"]
    officer: str


class FindCard(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a card by the serial that its chip tells, by form or by its own id."""

    serial: str = ""
    form: str = ""
    card: str = ""


class ReportMisdelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A card was given to the wrong person, bears a wrong photo, or is linked to somebody else.

    `incident` is drawn by the counter. "open" stops the card at once; "take-back" records that the
    card is in the office again and reverses the delivery; "close" ends it when both were told.
    """

    incident: str
    card: str
    kind: Literal["wrong-person", "wrong-photo", "wrong-link"]
    step: Literal["open", "take-back", "close"]
    officer: str
    second_officer: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Where an incident stands, and what it is about."""

    incident: str
    state: Literal["open", "taken-back", "closed"]
    kind: str = ""


SessionKind = Literal["activate", "pins", "update", "certificates", "found", "abroad"]
Phase = Literal["begun", "writing", "committed", "aborted"]


class BeginSession(msgspec.Struct, frozen=True, kw_only=True):
    """Begin an act on a chip in the reader, or go on with the one that was cut.

    `session` is drawn by the counter; `serial` was read from the chip, `form` from the paper. What
    was shown is in `papers` and `agent`; `pins` are the secrets to be set anew; `leaves_on` is the
    day of leaving Japan. A session of the card that is under way is answered instead of a new one.
    """

    session: str
    kind: SessionKind
    serial: str
    officer: str
    second_officer: str = ""
    terminal: str
    form: str = ""
    holder_present: bool = True
    papers: tuple[str, ...] = ()
    agent: AgentShown | None = None
    pins: tuple[str, ...] = ()
    leaves_on: date | None = None


class SessionBegun(msgspec.Struct, frozen=True, kw_only=True):
    """What the chip must sign (INTERNAL AUTHENTICATE) to be taken for the chip of this card.

    `needs_text` asks for what the chip says about its own text (text EF 0003).
    """

    session: str
    kind: SessionKind
    phase: Phase
    challenge: bytes
    needs_text: bool
    expires_at: datetime


class ProveChip(msgspec.Struct, frozen=True, kw_only=True):
    """The chip's answer; and its text EF 0003, where that was asked for."""

    session: str
    answer: bytes
    text: bytes = b""


class ChipFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of the chip is to hold."""

    application: str
    file: int
    content: bytes


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written: secrets that the holder sets, keys that the chip makes, files."""

    session: str
    pins: tuple[str, ...]
    keys: tuple[Literal["auth", "sign"], ...]
    files: tuple[ChipFile, ...]
    final_challenge: bytes


class AskRole(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge of the chip in one application: only the centre can answer it."""

    session: str
    challenge: bytes


class RoleProof(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate of the counter's role, the answer to the chip, the secrets of the session."""

    certificate: bytes
    proof: bytes
    pins: tuple[str, ...]


class NewKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Public keys (SPKI, DER) that the chip made in this session; b"" where none was made."""

    session: str
    auth: bytes = b""
    sign: bytes = b""


class Certified(msgspec.Struct, frozen=True):
    """Certificates for them, as files to be written."""

    files: tuple[ChipFile, ...]


class CommitSession(msgspec.Struct, frozen=True, kw_only=True):
    """Everything is in the chip; `answer` is the chip's to the final challenge."""

    session: str
    answer: bytes


class AbortSession(msgspec.Struct, frozen=True, kw_only=True):
    """Give a session up. `pins_gone` says that the secrets it would set were taken off the chip."""

    session: str
    pins_gone: bool = False


class SessionEnded(msgspec.Struct, frozen=True, kw_only=True):
    """How a session stands; the same answer however often it is asked."""

    session: str
    phase: Phase
    state: str


class CountCards(msgspec.Struct, frozen=True):
    """Ask for 交付枚数 and 保有枚数 at the end of a day."""

    day: date


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """One municipality and band of ages: delivered so far, and held."""

    municipality: str
    age: str
    delivered: int
    held: int


class CountedCards(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of a day."""

    day: date
    counts: tuple[Counted, ...]
