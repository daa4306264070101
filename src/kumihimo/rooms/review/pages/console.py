"""The desk in the browser: server-rendered pages, no script, a session for each who signed in.

Nothing of a person stands in an address or a cookie: the record that a page shows is the one that
the session's officer holds.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import attrs
from litestar import Litestar

from kumihimo.kernel.door import Reporter
from kumihimo.pages.engine import Pages
from kumihimo.pages.front import Admitted, Entrance, Front
from kumihimo.pages.officers import Officers, Porter
from kumihimo.pages.visits import Visit
from kumihimo.rooms.review.api import Role
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.pages.telling import told, told_otherwise
from kumihimo.rooms.review.pages.words import word
from kumihimo.rooms.review.visits import StoredTries, StoredVisits

SAFETY: Final = "Number Act art. 12"  # safety management of individual numbers


def _roles(*roles: Role) -> Admitted:
    names = tuple(role.value for role in roles)
    return Admitted(SAFETY, names, roles=names)


REVIEWER: Final = _roles(Role.REVIEWER)
SUPERVISOR: Final = _roles(Role.SUPERVISOR)
EVERYBODY: Final = _roles(Role.REVIEWER, Role.SUPERVISOR)


@attrs.frozen(kw_only=True)
class Console:
    """What the pages need."""

    front: Front
    desk: Desk
    porter: Porter

    @classmethod
    def of(cls, desk: Desk, officers: Officers, *, https: bool) -> "Console":
        """Put a console together."""
        front = Front(
            name="review",
            pages=Pages.of("kumihimo.rooms.review.pages"),
            visits=StoredVisits(desk, officers),
            entropy=desk.entropy,
            told=told,
            told_of_http=told_otherwise,
            more=_words,
            https=https,
        )
        return cls(front=front, desk=desk, porter=Porter(officers, StoredTries(desk)))


def _words(visit: Visit) -> Mapping[str, object]:
    return {"w": partial(word, language=visit.language)}


def application(
    console: Console,
    routes: list[Any],
    report: Reporter,
    **more: Any,  # noqa: ANN401
) -> Litestar:
    """Return the desk's application; `more` goes to the framework."""
    entrance = Entrance("sign_in.html", console.porter.signed_in)
    return console.front.application(routes, entrance=entrance, report=report, **more)
