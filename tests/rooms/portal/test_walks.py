"""A shared terminal, and a hundred thousand walks of people who come, leave, go back and forget.

The terminal and its people are a model; what decides is the portal's own (`domain.proofs`,
`domain.limits`). Whoever sits there knows the PIN of her own card alone.
"""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from kumihimo.kernel.refusal import Refusal
from kumihimo.rooms.portal.domain import limits, proofs
from kumihimo.rooms.portal.domain.limits import PROOF_FOR, Span
from kumihimo.rooms.portal.domain.proofs import Proof
from kumihimo.rooms.portal.domain.refusals import OtherPerson

WALKS, STEPS = 100_000, 25
PEOPLE = ("hanako", "taro", "jiro")
START = datetime(2026, 6, 1, 3, tzinfo=UTC)
PAUSES = [timedelta(seconds=s) for s in (1, 5, 25, 70, 1_000)]
RECEIPT = b"r" * 32


class Terminal:
    """One browser beside one reader. `writes` are (record, whose card signed, who sat there)."""

    def __init__(self, choose, guard):
        self.choose, self.guard = choose, guard
        # A terminal may not be known to be shared, and its word that a card went may be lost.
        self.shared, self.heard = choose.random() < 0.5, choose.random() < 0.5
        self.now, self.token = START, 0
        self.person, self.card = choose.choice(PEOPLE), ""
        self.who, self.span = "", Span(START, START, None)
        self.proof, self.wanted, self.signer = None, "", ""
        self.page = ("", -1)
        self.pages = []
        self.writes, self.seen = [], Counter()

    # What people do.

    def next_person(self):
        self.person = self.choose.choice(PEOPLE)

    def insert(self):
        self._card_goes()
        self.card = self.person

    def remove(self):
        self._card_goes()

    def wait(self):
        self.now += self.choose.choice(PAUSES)
        if self.who and self.card and self.shared:  # the terminal says that the card is there
            self.span = Span(self.span.until, self.span.ends_at, self.now + limits.LEASE_FOR)

    def log_in(self):
        self._open("login", "")
        self._sign()
        self._finish()

    def open_page(self):
        who = self._request()
        self._show(("page", self.token) if who else ("sign-in", self.token))

    def back(self):
        if self.pages:
            self.page = self.pages.pop()

    def ask_to_write(self):
        """Press the button of the page that is shown: it asks for the card."""
        kind, token = self.page
        who = self._request()
        if kind == "page" and token == self.token and who:
            self._open("act", who)

    def write(self):
        """Open the page, ask, sign and finish without a pause."""
        self.open_page()
        self.ask_to_write()
        self._sign()
        self._finish()

    def sign(self):
        self._sign()

    def finish(self):
        self._finish()

    # What the portal does.

    def _request(self):
        if self.who and limits.goes_on(self.span, self.now):
            until = limits.after_request(self.span, self.now)
            self.span = Span(until, self.span.ends_at, self.span.lease_until)
            return self.who
        if self.who:
            self._ends("time")
        return ""

    def _ends(self, why):
        self.seen[f"ended by {why}"] += 1
        self.who, self.token = "", self.token + 1

    def _card_goes(self):
        if self.who and self.card and self.shared and self.heard:
            self._ends("card")
        self.card = ""

    def _show(self, page):
        self.pages.append(self.page)
        self.page = page

    def _open(self, purpose, who):
        self.proof = Proof(
            proof="p" * 22,
            session=str(self.token).encode(),
            purpose=purpose,
            channel="here",
            state="open",
            content_locked=b"",
            opened_at=self.now,
            expires_at=self.now + PROOF_FOR,
        )
        self.wanted, self.signer = who, ""

    def _mine(self):
        """Return the proof of this browser, if its time is not over."""
        proof = self.proof
        if proof is None or proof.session != str(self.token).encode():
            return None
        return proof if self.now < proof.expires_at else None

    def _sign(self):
        if not self.card or self.card != self.person:
            return  # no card, or nobody here knows its PIN
        proof = self._mine()
        if proof is not None and proofs.waits(proof):
            self.proof = proofs.answered(proof, receipt_hash=RECEIPT, answer_locked=b"")
            self.signer = self.card

    def _finish(self):
        who = self._request()
        try:
            self.proof = proofs.spent(self._mine(), receipt_hash=RECEIPT)
            if self.proof.purpose == "login":
                self.token += 1
                self.who, self.span = self.signer, limits.begun(self.now, shared=self.shared)
                self.seen["logged in"] += 1
                return
            self.guard(card=self.signer, session=who, record=self.wanted)
        except Refusal as refusal:
            self.seen[refusal.code] += 1
        else:
            self.writes.append((self.wanted, self.signer))
            self.seen["written"] += 1


ACTIONS = {
    Terminal.insert: 4,
    Terminal.remove: 1,
    Terminal.next_person: 3,
    Terminal.wait: 2,
    Terminal.log_in: 4,
    Terminal.open_page: 4,
    Terminal.back: 1,
    Terminal.ask_to_write: 4,
    Terminal.write: 3,
    Terminal.sign: 4,
    Terminal.finish: 4,
}


def walk(walks, guard=proofs.require_one_person):
    choose, seen, wrong = random.Random(1), Counter(), 0
    actions, weights = list(ACTIONS), list(ACTIONS.values())
    for _ in range(walks):
        terminal = Terminal(choose, guard)
        for action in choose.choices(actions, weights, k=STEPS):
            action(terminal)
        seen += terminal.seen
        wrong += sum(record != signer for record, signer in terminal.writes)
    return wrong, seen


def test_a_hundred_thousand_walks_never_write_to_the_wrong_person():
    wrong, seen = walk(WALKS)
    assert wrong == 0
    for what in ("written", "logged in", "ended by card", "ended by time", OtherPerson.code):
        assert seen[what] > 100, (what, seen)


def test_without_the_three_being_compared_the_walks_find_who_was_written_to_wrongly():
    wrong, _ = walk(5_000, guard=lambda **_: None)
    assert wrong > 0


@pytest.mark.parametrize(
    ("card", "session", "record"),
    [("a", "a", "b"), ("a", "b", "a"), ("b", "a", "a"), ("", "", ""), ("a", "", "a")],
)
def test_card_session_and_record_are_of_one_person_or_nothing_is_done(card, session, record):
    proofs.require_one_person(card="a", session="a", record="a")
    with pytest.raises(OtherPerson):
        proofs.require_one_person(card=card, session=session, record=record)
