"""What a holder signs so that a verifier may learn her latest attributes, and to take that back.

The signed bytes are a text that she can read, one line for each thing. It is read back by writing
it again: what differs in one byte from what would be written is none. UTF-8, lines end with LF but
for the last. All of the form is our choice.
"""

import re
from collections.abc import Collection
from datetime import date, timedelta
from typing import Final, Literal, get_args

import attrs

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput, NotAllowed

Item = Literal["name", "birth", "sex", "address"]
ITEMS: Final[tuple[Item, ...]] = get_args(Item)
HAND_IN_WITHIN: Final = timedelta(days=7)  # our choice: nobody keeps a consent in a drawer
LASTS_YEARS_MAX: Final = 5  # our choice: as long as a certificate lives
STATEMENT_CHARS_MAX: Final = 1_000
NOBODY: Final = "-"
_CONSENT: Final = "最新の基本4情報の提供への同意 Consent to my latest attributes being told"
_WITHDRAWAL: Final = "最新の基本4情報の提供への同意の撤回 Withdrawal of my consents"
_WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")


@attrs.frozen(kw_only=True)
class Statement:
    """A consent. `platform` is the platform operator that it goes through, or "-"."""

    consent: str
    verifier: str
    platform: str
    use: str
    items: tuple[Item, ...]
    starts_on: date
    ends_on: date

    def text(self) -> str:
        """Return what is shown to the holder and signed."""
        return "\n".join(
            (
                _CONSENT,
                f"提供先 verifier: {self.verifier}",
                f"仲介者 platform: {self.platform}",
                f"利用目的 use: {self.use}",
                f"項目 items: {' '.join(self.items)}",
                f"同意日 from: {self.starts_on}",
                f"期限 until: {self.ends_on}",
                f"同意番号 consent: {self.consent}",
            )
        )

    @classmethod
    def parse(cls, text: str) -> "Statement":
        """Read a consent back; raises `BadInput`."""
        verifier, platform, use, items, starts, ends, consent = _values(text, _CONSENT, 7)
        known: tuple[Item, ...] = tuple(item for item in ITEMS if item in items.split(" "))
        found = cls(
            consent=consent,
            verifier=verifier,
            platform=platform,
            use=use,
            items=known,
            starts_on=_day(starts),
            ends_on=_day(ends),
        )
        if not known or found.text() != text or not (is_id(consent) and _WORD.fullmatch(use)):
            raise _not_one()
        return found

    def check(self, *, tenant: str, platform: str, uses: Collection[str], today: date) -> None:
        """Raise `BadInput` or `NotAllowed` unless a verifier may hand this in today."""
        if (self.verifier, self.platform) != (tenant, platform):
            raise BadInput("this consent is for another verifier", pointer="statement")
        if self.use not in uses:
            raise NotAllowed("this verifier is not registered for this use")
        _check_fresh(self.starts_on, today)
        if self.ends_on < today or self.ends_on > _years_later(self.starts_on):
            raise BadInput(
                f"a consent ends today or later, {LASTS_YEARS_MAX} years from its day at most",
                pointer="statement",
            )

    def covers(self, day: date) -> bool:
        """Say whether the consent is for this day."""
        return self.starts_on <= day <= self.ends_on


@attrs.frozen(kw_only=True)
class Withdrawal:
    """The withdrawal of every consent that a holder gave to one verifier up to a day."""

    withdrawal: str
    verifier: str
    on: date

    def text(self) -> str:
        """Return what is shown to the holder and signed."""
        return "\n".join(
            (
                _WITHDRAWAL,
                f"提供先 verifier: {self.verifier}",
                f"撤回日 on: {self.on}",
                f"撤回番号 withdrawal: {self.withdrawal}",
            )
        )

    @classmethod
    def parse(cls, text: str) -> "Withdrawal":
        """Read a withdrawal back; raises `BadInput`."""
        verifier, on, withdrawal = _values(text, _WITHDRAWAL, 3)
        found = cls(withdrawal=withdrawal, verifier=verifier, on=_day(on))
        if found.text() != text or not (is_id(withdrawal) and _WORD.fullmatch(verifier)):
            raise _not_one()
        return found

    def check(self, today: date) -> None:
        """Raise `BadInput` unless it is handed in while it is fresh."""
        _check_fresh(self.on, today)


def is_use(text: str) -> bool:
    """Say whether a word can name a use: lower-case letters, digits and hyphens."""
    return _WORD.fullmatch(text) is not None


def _values(text: str, title: str, count: int) -> list[str]:
    first, *lines = text.split("\n") if len(text) <= STATEMENT_CHARS_MAX else [""]
    values = [line.partition(": ")[2] for line in lines]
    if first != title or len(values) != count:
        raise _not_one()
    return values


def _not_one() -> BadInput:
    return BadInput("not a text that jpki knows, word for word", pointer="statement")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _not_one() from None


def _check_fresh(day: date, today: date) -> None:
    if not day <= today <= day + HAND_IN_WITHIN:
        raise BadInput(
            f"handed in on its day, or up to {HAND_IN_WITHIN.days} days later", pointer="statement"
        )


def _years_later(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + LASTS_YEARS_MAX, day=28 if leap else day.day)
