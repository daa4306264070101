"""Which office of a body asked or looked, and in which role: what messages and records say of it."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from kumihimo.kernel.wire import whole

# Words for an office and what somebody does there: no name, and nothing as long as a number of a person.
AskerWord = Annotated[str, msgspec.Meta(pattern=whole(r"(?!.*\d{4})[^\u0000-\u001f\u007f]{0,64}"))]


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked or looked, inside a body: which office, in which role. "" is not told."""

    office: AskerWord = ""
    role: AskerWord = ""

    def told(self) -> "Asker | UnsetType":
        """Return it as messages carry it: one that tells nothing is left out."""
        return self if self.office or self.role else UNSET


NOT_TOLD = Asker()


def asker_of(office: str | None, role: str | None) -> Asker | UnsetType:
    """Return who asked from what is kept of it: NULL in both columns where nobody told."""
    return UNSET if office is None or role is None else Asker(office=office, role=role)
