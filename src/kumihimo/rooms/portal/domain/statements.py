"""What a card signs at the portal: a text that a person can read.

It is bound to one portal, one browser and one moment: nobody can use the signature elsewhere.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import attrs

from kumihimo.kernel.clock import JST
from kumihimo.kernel.entropy import Entropy

Purpose = Literal["login", "act"]
Channel = Literal["here", "phone"]

TITLE: Final = "カードによる確認 Confirmation by card"
_PORTAL: Final = "ポータル portal: "
_SAID: Final[dict[Purpose, str]] = {
    "login": "すること what: ログイン to log in",
    "act": "すること what: 次の内容を申し込む to apply for what follows",
}
LINES_MAX: Final = 40
CODES: Final = range(10, 100)  # two digits, both of which are seen


@attrs.frozen(kw_only=True)
class Statement:
    """A text to be signed. `lines` say what an act does; a login has none."""

    origin: str
    purpose: Purpose
    proof: str
    session: str
    code: str
    opened_at: datetime
    lines: tuple[str, ...] = ()

    def text(self) -> str:
        """Return what is signed: lines end with LF, none after the last."""
        assert bool(self.lines) == (self.purpose == "act"), "an act says what it does"
        assert len(self.lines) <= LINES_MAX, "an act fits on a page"
        assert not any("\n" in line for line in self.lines), "a line is one line"
        at = self.opened_at.astimezone(JST).isoformat(timespec="seconds")
        return "\n".join(
            [
                TITLE,
                _PORTAL + self.origin,
                _SAID[self.purpose],
                *(f"  {line}" for line in self.lines),
                f"確認番号 code: {self.code}",
                f"時刻 at: {at}",
                f"画面 session: {self.session}",
                f"番号 proof: {self.proof}",
            ]
        )


def origin_of(text: str) -> str:
    """Return the portal that a text names, "" where it has no such form."""
    lines = text.split("\n", 2)
    named = len(lines) > 2 and lines[0] == TITLE and lines[1].startswith(_PORTAL)  # noqa: PLR2004
    return lines[1].removeprefix(_PORTAL) if named else ""


def session_hash(token: str) -> bytes:
    """Return what stands for a browser in a proof; its token cannot be told from it."""
    return hashlib.sha256(b"kumihimo card " + token.encode()).digest()


def session_words(session: bytes) -> str:
    """Return it as it stands in a text: 22 characters."""
    return base64.urlsafe_b64encode(session[:16]).rstrip(b"=").decode()


def draw_code(entropy: Entropy) -> str:
    """Draw the two digits that a person compares on two screens."""
    drawn = int.from_bytes(entropy.bytes(8), "big") % len(CODES)
    return str(CODES[drawn])


def one_line(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts as lines of a statement: what would break a line becomes a space."""
    return tuple(" ".join(text.split()) for text in texts)
