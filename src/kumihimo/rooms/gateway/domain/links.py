"""What becomes of the copies when a record turns out to have had another person's number."""

from collections.abc import Mapping, Sequence
from datetime import date

import attrs


@attrs.frozen(kw_only=True)
class StandingCopy:
    """A copy under the wrong person; `addressee` is whom its file named, "" where not kept."""

    copy: int
    info: str
    as_of: date
    current: bool
    addressee: str


@attrs.frozen(kw_only=True)
class CopyPlan:
    """What to do: take out of force, register again under the right person, load again by hand."""

    retired: tuple[int, ...]
    moved: tuple[int, ...]
    load_again: tuple[str, ...]


def wrong_copies(
    copies: Sequence[StandingCopy], *, addressee: str, shared: bool
) -> tuple[StandingCopy, ...]:
    """Return the copies that were never about the person under whose code they stood.

    `shared`: another record stands under the same person, rightly; what does not say which record
    it came for may be either's, and counts as wrong.
    """
    return tuple(c for c in copies if not shared or c.addressee in {addressee, ""})


def plan_copies(
    copies: Sequence[StandingCopy],
    *,
    addressee: str,
    shared: bool,
    held: Mapping[str, date],
) -> CopyPlan:
    """Decide about every copy under the wrong person.

    `held` is the day of the copy that the right person has already, by kind of information: a copy
    as recent as that is not replaced. Where two records were loaded over each other, each has to be
    loaded again: a copy that is no longer in force may have been withdrawn, and stays away.
    """
    wrong = wrong_copies(copies, addressee=addressee, shared=shared)
    retired = [c for c in wrong if c.current]
    moved = [
        c
        for c in retired
        if (c.addressee == addressee or not shared)
        and (c.info not in held or held[c.info] < c.as_of)
    ]
    again = {c.info for c in wrong} if shared else set[str]()
    return CopyPlan(
        retired=tuple(c.copy for c in retired),
        moved=tuple(c.copy for c in moved),
        load_again=tuple(sorted(again)),
    )
