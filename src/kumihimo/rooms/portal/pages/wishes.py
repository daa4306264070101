"""How she is told (知らせ方): each look as a notice or not, and where it is mailed that something waits."""

from typing import Any, Final

from litestar import Response

from kumihimo.pages.forms import Form, Problem, digits, text
from kumihimo.pages.visits import Visit
from kumihimo.rooms.portal import wishes
from kumihimo.rooms.portal.domain.statements import one_line
from kumihimo.rooms.portal.pages import drafts
from kumihimo.rooms.portal.pages.acting import Finish, to_sign
from kumihimo.rooms.portal.pages.site import ONESELF, Site
from kumihimo.rooms.portal.proving import Spent
from kumihimo.rooms.portal.wishes import LooksWish

WISHES: Final = "/wishes"
KIND: Final = "wish"
_SAID: Final = "知らせ方を変える to change how I am told"


def screens(site: Site) -> list[Any]:
    """Return the routes of how she is told."""
    front = site.front

    async def show(visit: Visit, problem: Problem | None, typed: Form) -> Response[Any]:
        typed = drafts.shown(visit, WISHES, typed)
        held, _ = await wishes.read(site.portal, visit.who)
        answer = front.page(
            visit,
            "wishes.html",
            problem=problem,
            typed=typed,
            looks=held.looks,
            mails=site.portal.mailer is not None,
            mail=held.mail,
            address=held.address,
        )
        answer.headers |= site.policy()
        return answer

    async def looks(visit: Visit, form: Form) -> str:
        on = text(form, "looks") == "on"
        said = "知らせる yes" if on else "知らせない no"
        lines = one_line([_SAID, f"見られるたびのお知らせ a notice at each look: {said}"])
        return await to_sign(site, visit, LooksWish(on=on), lines, kind=KIND)

    async def address(visit: Visit, form: Form) -> str:
        wish = wishes.new_address(site.portal, text(form, "address"))
        lines = one_line([_SAID, f"メールの宛先 mail to: {wish.address}"])
        return await to_sign(site, visit, wish, lines, kind=KIND, draft=(WISHES, form))

    async def confirm(visit: Visit, form: Form) -> str:
        await wishes.confirm(site.portal, visit, digits(form, "code"))
        visit.done = ("confirmed", "")
        return WISHES

    async def stop(visit: Visit, _: Form) -> str:
        await wishes.stop(site.portal, visit)
        visit.done = ("stopped", "")
        return WISHES

    deeds = {"looks": looks, "address": address, "code": confirm, "stop": stop}
    return [
        front.page_route(WISHES, show, admitted=ONESELF, says="how she is told"),
        *(
            front.deed_route(
                f"{WISHES}/{name}",
                act,
                admitted=ONESELF,
                says=f"how she is told: {name}",
                otherwise=show,
            )
            for name, act in deeds.items()
        ),
    ]


def finish(site: Site) -> Finish:
    """Return what does what a card signed of wishes."""

    async def finished(visit: Visit, spent: Spent) -> str:
        visit.done = (await wishes.do(site.portal, spent), "")
        return WISHES

    return finished
