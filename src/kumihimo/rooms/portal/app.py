"""Composition of the portal, by hand."""

import attrs
from litestar import Litestar

from kumihimo.kernel.anchoring import ANCHOR_PAUSE_S, Anchoring
from kumihimo.kernel.door import Reporter
from kumihimo.kernel.worker import Job, working
from kumihimo.pages.front import opened
from kumihimo.rooms.portal import (
    feedback,
    mailing,
    proxies_checking,
    store,
    store_feedback,
    store_notices,
    store_proxies,
    store_questions,
)
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain.limits import ATTEMPTS_KEPT
from kumihimo.rooms.portal.pages import (
    acting,
    correcting,
    entering,
    first,
    for_another,
    helping,
    keeping,
    looked,
    mine,
    notices,
    proxies,
    wishes,
)
from kumihimo.rooms.portal.pages.site import HELPER, Site, application

TIDY_PAUSE_S = 60.0
FORGOTTEN_AT_ONCE = 1_000
PROXIES_PAUSE_S = 60.0
BELLS_PAUSE_S = 20.0  # our choice: she hears within a minute
MAIL_PAUSE_S = 5.0


@attrs.frozen
class PortalRoom:
    """The portal, ready to serve."""

    app: Litestar
    site: Site


def build(
    portal: Portal, *, report: Reporter, helper: str = HELPER, anchors: Anchoring | None = None
) -> PortalRoom:
    """Put the portal together. `helper` is the address of the program beside a card reader.

    Without `anchors` nobody holds its journal against anything.
    """
    site = Site.of(portal, helper=helper)
    jobs = [
        Job("portal-tidy", lambda: tidy(portal), TIDY_PAUSE_S),
        Job("portal-proxies", lambda: proxies_checking.look_after(portal), PROXIES_PAUSE_S),
    ]
    if anchors is not None:
        jobs.append(Job("portal-anchors", anchors.run_once, ANCHOR_PAUSE_S))
    if portal.mailer is not None:
        jobs += [
            Job("portal-bells", lambda: mailing.listen(portal), BELLS_PAUSE_S),
            Job("portal-mail", lambda: mailing.send_due(portal), MAIL_PAUSE_S),
        ]
    routes = [
        *entering.screens(site),
        *first.screens(site),
        *mine.screens(site),
        *correcting.screens(site),
        *looked.screens(site),
        *notices.screens(site),
        *acting.screens(
            site, {proxies.KIND: proxies.finish(site), wishes.KIND: wishes.finish(site)}
        ),
        *proxies.screens(site),
        *for_another.screens(site),
        *wishes.screens(site),
        *keeping.screens(site),
    ]
    routes += helping.screens(site, opened(routes))
    app = application(site, routes, report, lifespan=[working(jobs, report)])
    return PortalRoom(app, site)


async def tidy(portal: Portal) -> int:
    """Drop visits, proofs, attempts, questions, marks of notices and feedback that are over."""
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        gone = await store_feedback.forget(tx, portal.today() - feedback.KEPT_FOR)
        gone += await store.forget(tx, now, now - ATTEMPTS_KEPT)
        gone += await store_notices.forget(tx, portal.today())
        gone += await store_questions.forget(tx, portal.today(), FORGOTTEN_AT_ONCE)
        gone += await store_proxies.forget(tx, portal.today())
        if gone:
            await portal.journal(tx, "tidied", "portal", rows=gone)
    return 0
