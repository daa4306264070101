"""Composition of the portal, by hand."""

import attrs
from litestar import Litestar

from kumihimo.kernel.door import Reporter
from kumihimo.kernel.worker import Job, working
from kumihimo.rooms.portal import proxies_checking, store, store_notices, store_proxies
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.domain.limits import ATTEMPTS_KEPT
from kumihimo.rooms.portal.pages import (
    acting,
    correcting,
    entering,
    first,
    for_another,
    looked,
    mine,
    notices,
    proxies,
)
from kumihimo.rooms.portal.pages.site import HELPER, Site, application

TIDY_PAUSE_S = 60.0
PROXIES_PAUSE_S = 60.0


@attrs.frozen
class PortalRoom:
    """The portal, ready to serve."""

    app: Litestar
    site: Site


def build(portal: Portal, *, report: Reporter, helper: str = HELPER) -> PortalRoom:
    """Put the portal together. `helper` is the address of the program beside a card reader."""
    site = Site.of(portal, helper=helper)
    jobs = [
        Job("portal-tidy", lambda: tidy(portal), TIDY_PAUSE_S),
        Job("portal-proxies", lambda: proxies_checking.look_after(portal), PROXIES_PAUSE_S),
    ]
    routes = [
        *entering.screens(site),
        *first.screens(site),
        *mine.screens(site),
        *correcting.screens(site),
        *looked.screens(site),
        *notices.screens(site),
        *acting.screens(site, {proxies.KIND: proxies.finish(site)}),
        *proxies.screens(site),
        *for_another.screens(site),
    ]
    app = application(site, routes, report, lifespan=[working(jobs, report)])
    return PortalRoom(app, site)


async def tidy(portal: Portal) -> int:
    """Drop visits, proofs, attempts and marks of notices that are over."""
    now = portal.clock.now()
    async with portal.database.transaction() as tx:
        gone = await store.forget(tx, now, now - ATTEMPTS_KEPT)
        gone += await store_notices.forget(tx, portal.today())
        gone += await store_proxies.forget(tx, portal.today())
        if gone:
            await portal.journal(tx, "tidied", "portal", rows=gone)
    return 0
