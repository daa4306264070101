"""What a business system tells its gateway of its own staff: who looked at what is held of a person."""

from typing import Annotated, Final

import msgspec

from kumihimo.kernel.wire import whole
from kumihimo.rooms.gateway.business import Addressee, InquiryName
from kumihimo.rooms.linkage.asker_api import NOT_TOLD, Asker

# As the agency takes them: nothing in it could be a number of a person.
AFFAIR_OR_NONE: Final = whole("(?!.*[0-9]{5})[a-z0-9-]{0,64}")
AffairOrNone = Annotated[
    str, msgspec.Meta(pattern=AFFAIR_OR_NONE, description="An affair, such as `b081`, or none.")
]
HeldItem = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("(?!.*[0-9]{5})[a-z][a-z0-9-]{0,63}(\\.[a-z0-9-]{1,63})?"),
        description="What was looked at, such as `local-tax`.",
    ),
]


class LookedAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person whose record somebody looks at: it is on record, and she reads it at the portal.

    `affair` and `asker` say what for, and by office and role who looks; "" is not told, and she reads
    that it was not.
    """

    addressee: Addressee
    affair: AffairOrNone = ""
    asker: Asker = NOT_TOLD


class CopiesOf(LookedAt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The copies of one kind of information about one person, looked at."""

    info: Annotated[str, msgspec.Meta(pattern=whole("[a-z0-9-]{1,64}"))]


class LookTold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody of this institution looks at what it holds of a person.

    `look` is 22 random characters of base64url; a repeat under the same id is one look. `asker` says
    by office and role, not by name. Without `affair` the person reads that nobody said what for.
    """

    look: InquiryName
    addressee: Addressee
    items: Annotated[tuple[HeldItem, ...], msgspec.Meta(min_length=1, max_length=64)]
    affair: AffairOrNone = ""
    asker: Asker = NOT_TOLD


class LooksTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 1,000 looks, all or none; each is told before it is shown."""

    looks: tuple[LookTold, ...]


class LooksRecorded(msgspec.Struct, frozen=True):
    """How many of them were new; a repeat counts nothing."""

    new: int
