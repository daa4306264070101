"""The portal in the browser: what every page shares, and who may open it."""

from collections.abc import Mapping
from typing import Any, Final

import attrs
from litestar import Litestar

from kumihimo.kernel.door import Reporter
from kumihimo.kernel.refusal import NotAuthentic
from kumihimo.pages.engine import Pages
from kumihimo.pages.forms import Form
from kumihimo.pages.front import ANYONE, HEADERS, Admitted, Entrance, Front
from kumihimo.pages.visits import Known, Visit
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.pages.telling import told, told_otherwise
from kumihimo.rooms.portal.visits import PRESENCE, StoredVisits

LAW: Final = "Number Act suppl. art. 6(3)"
ONESELF: Final = Admitted(LAW, ("the person herself",))
# The program beside a card reader shows a proof's id, or what a card signed: these let it in.
READER: Final = Admitted(LAW, ("anyone",), strangers=True)
HELPER: Final = "http://127.0.0.1:8499"  # where the program beside a reader listens


@attrs.frozen(kw_only=True)
class Site:
    """What the pages need. `helper` is the address of the program beside the reader."""

    front: Front
    portal: Portal
    visits: StoredVisits
    helper: str

    @classmethod
    def of(cls, portal: Portal, *, helper: str = HELPER) -> "Site":
        """Put the site together."""
        visits = StoredVisits(portal)
        front = Front(
            name="portal",
            pages=Pages.of("kumihimo.rooms.portal.pages"),
            visits=visits,
            entropy=portal.entropy,
            told=told,
            told_of_http=told_otherwise,
            more=lambda visit: _more(portal, visit),
            https=portal.origin.startswith("https://"),
        )
        return cls(front=front, portal=portal, visits=visits, helper=helper)

    def to_helper(self, proof: str, visit: Visit) -> str:
        """Return where the program beside the reader shows what is to be signed."""
        place = f"portal={self.portal.origin}&proof={proof}&lang={visit.language}"
        return f"{self.helper}/?{place}"

    def policy(self) -> dict[str, str]:
        """Return the policy of a page whose form leads on to the program beside the reader."""
        policy = HEADERS["content-security-policy"]
        wider = policy.replace("form-action 'self'", f"form-action 'self' {self.helper}")
        return {"content-security-policy": wider}


def _more(portal: Portal, visit: Visit) -> Mapping[str, object]:
    return {"shared": bool(visit.kept.get(PRESENCE)), "contact": portal.contact}


async def _nobody(_visit: Visit, _form: Form) -> Known:
    """Let nobody in by a form alone: who somebody is, a card says."""
    raise NotAuthentic


def application(
    site: Site,
    routes: list[Any],
    report: Reporter,
    **more: Any,  # noqa: ANN401
) -> Litestar:
    """Return the portal's application; `more` goes to the framework."""
    entrance = Entrance("sign_in.html", _nobody, ANYONE, site.policy())
    return site.front.application(routes, entrance=entrance, report=report, **more)
