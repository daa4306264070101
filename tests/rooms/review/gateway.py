"""A gateway that keeps the rules of its real one about links, and can be out of reach."""

from datetime import UTC, datetime
from typing import Any

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Problem, Unavailable
from kumihimo.rooms.gateway.business import Attributes
from kumihimo.rooms.gateway.business_links import (
    LinkCheck,
    LinksToReview,
    LinkToReview,
    Suspension,
)

AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = AT.date()


def refusal(code):
    return Refused("gateway", Problem(f"urn:kumihimo:{code}", "no", 409))


class KeepingGateway:
    """Knows records; `told` is every order it carried out, in order.

    `checks` are the runs of its regular check, the latest first, and `pages` what each found.
    """

    def __init__(self, *known):
        self.known = set(known)
        self.told = []
        self.calls = 0
        self.links = {}
        self.down = False
        self.busy = 0  # so many calls find nobody
        self.lose_answers = 0
        self.unconfirmed = set()
        self.checks = []
        self.pages = {}
        self.looks = {}
        self.asked = 0

    def _answer(self, found):
        if self.lose_answers:
            self.lose_answers -= 1
            raise Unavailable
        return found

    def _called(self, addressee):
        self.calls += 1
        self.busy -= 1
        if self.down or self.busy >= 0:
            raise Unavailable
        if addressee not in self.known:
            raise refusal("not-found")

    def suspend_links(self, suspended, *, officer):
        [link] = suspended
        self._called(link.addressee)
        for (one, case), state in self.links.items():
            if one == link.addressee and case != link.case and state == "SUSPENDED":
                return (self._of(one, case, link.ground),)
        state = self.links.setdefault((link.addressee, link.case), "SUSPENDED")
        if state != "SUSPENDED":
            raise refusal("conflict")
        order = ("suspend", link.addressee, link.ground, officer)
        if order not in self.told:
            self.told.append(order)
        return self._answer((self._of(link.addressee, link.case, link.ground),))

    def confirm_link(self, addressee, *, case, officer, approver):
        self._settle(addressee, case, "CONFIRMED")
        self.told.append(("confirm", addressee, officer, approver))
        return self._answer(self._of(addressee, case, "household"))

    def correct_link(self, order):
        if order.number in self.unconfirmed:
            raise refusal("no-match")
        self._settle(order.addressee, order.case, "CORRECTED")
        name = order.attributes.name if order.attributes else ""
        self.told.append(
            ("correct", order.addressee, order.source, order.number, name, order.officer,
             order.approver)
        )  # fmt: skip
        return self._answer(self._of(order.addressee, order.case, "household"))

    def looked(self, told):
        [look] = told
        self._called(look.addressee)
        self.looks.setdefault(look.look, look)
        return self._answer(1)

    def suspensions_of(self, addressee):
        return tuple(
            self._of(one, case, "household") for one, case in self.links if one == addressee
        )

    def _settle(self, addressee, case, state):
        self._called(addressee)
        assert (addressee, case) in self.links, "nothing is settled that was not suspended"
        if self.links[addressee, case] != "SUSPENDED":
            raise refusal("conflict")
        self.links[addressee, case] = state

    def _of(self, addressee, case, ground):
        return Suspension(
            addressee=addressee,
            case=case,
            ground=ground,
            state=self.links[addressee, case],
            suspended_at=AT,
            settled_at=None,
        )

    def check(self, *links, run="1", finished=True, on=DAY):
        """Have a run of the check find links, in pages of two."""
        name = run * 22
        self.checks = [one for one in self.checks if one.run != name]
        self.checks.insert(
            0,
            LinkCheck(
                run=name,
                affair="b081",
                started_on=on,
                finished_on=on if finished else None,
                compared=len(links),
                suspended=0,
                counts={},
            ),
        )
        self.pages[name] = links

    def doubted(self, addressee, case, ground="mismatch"):
        """Suspend a link for a case that is none of the desk's."""
        self.links[addressee, case] = "SUSPENDED"
        return (self._of(addressee, case, ground),)

    def link_checks(self):
        if self.down:
            raise Unavailable
        return tuple(self.checks)

    def links_to_review(self, run, *, after=0):
        self.asked += 1
        if self.down or self.busy > 0:
            self.busy -= 1
            raise Unavailable
        found = self.pages[run]
        page = found[after : after + 2]
        more = len(found) > after + 2
        return LinksToReview(links=page, until=after + len(page), more=more)


def suspected(n, verdict="MISMATCH", doubts=(), **changes):
    """Return a link that a check found, of record `n`."""
    whole: dict[str, Any] = {
        "addressee": f"r{n}",
        "verdict": verdict,
        "homonym": None,
        "name": "different",
        "birth": "different",
        "sex": "equal",
        "address": "town",
        "attributes": Attributes(
            name=f"髙橋 花子{n}", birth="1990-04-01", sex="2", address="港区芝1-1"
        ),
        "doubts": tuple(doubts),
    }
    return LinkToReview(**(whole | changes))
