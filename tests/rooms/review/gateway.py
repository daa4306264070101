"""A gateway that keeps the rules of its real one about links, and can be out of reach."""

from datetime import UTC, datetime

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Problem, Unavailable
from kumihimo.rooms.gateway.business_links import Suspension

AT = datetime(2026, 6, 1, tzinfo=UTC)


def refusal(code):
    return Refused("gateway", Problem(f"urn:kumihimo:{code}", "no", 409))


class KeepingGateway:
    """Knows records; `told` is every order it carried out, in order."""

    def __init__(self, *known):
        self.known = set(known)
        self.told = []
        self.calls = 0
        self.links = {}
        self.down = False
        self.busy = 0  # so many calls find nobody
        self.lose_answers = 0
        self.unconfirmed = set()

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
