"""A client for the business systems of an institution: typed, synchronous, small.

    with BusinessClient("http://127.0.0.1:8404", token) as gateway:
        gateway.open_case("100", affair="b081")
        answer = gateway.ask_one("100", affair="b081", provider="lg-271004",
                                 items=["local-tax.total-income"], layout="local-tax/2024")

Every call raises `Refused` with the gateway's problem detail, or `Unavailable`.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import attrs
import httpx2
import msgspec

from kumihimo.card import terminal as reader
from kumihimo.card.applications import TEXT, TEXT_PIN
from kumihimo.card.readings import TextFiles
from kumihimo.card.terminal import Transmit
from kumihimo.kernel.token_client import TIMEOUT_S, TokenClient
from kumihimo.kernel.withheld import Withheld
from kumihimo.rooms.gateway import business as form
from kumihimo.rooms.gateway import business_claims as claim_form
from kumihimo.rooms.gateway import business_links as links
from kumihimo.rooms.gateway import business_looks as look_form
from kumihimo.rooms.gateway import business_notices as notice_form
from kumihimo.rooms.linkage.asker_api import NOT_TOLD, Asker


@attrs.frozen(kw_only=True)
class By:
    """Who looks, and for which affair: what the person reads of it."""

    affair: str = ""
    asker: Asker = NOT_TOLD

    def at(self, addressee: str) -> look_form.LookedAt:
        """Return that this one looks at a person's record."""
        return look_form.LookedAt(addressee=addressee, affair=self.affair, asker=self.asker)


UNTOLD: Final = By()


class BusinessClient(TokenClient):
    """One business system of one institution at its gateway."""

    def __init__(
        self,
        address: str,
        token: Withheld[str] | str,
        *,
        transport: httpx2.BaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        super().__init__("gateway", address, token, transport=transport, timeout_s=timeout_s)

    # Persons

    def register_from_card(
        self, addressee: str, *, number: str, attributes: form.Attributes
    ) -> form.Registered:
        """Register one person whose card was read."""
        person = form.Registration(
            addressee=addressee, source="card", number=number, attributes=attributes
        )
        return self.register([person])[0]

    def register_by_strict_inquiry(
        self, addressee: str, *, affair: str, attributes: form.Attributes
    ) -> form.Registered:
        """Register one person whose number register is asked for by all four attributes."""
        person = form.Registration(
            addressee=addressee, source="strict-inquiry", affair=affair, attributes=attributes
        )
        return self.register([person])[0]

    def register(self, persons: Sequence[form.Registration]) -> tuple[form.Registered, ...]:
        """Register 1 to 1,000 persons; outcomes in the order given."""
        body = form.Registrations(tuple(persons))
        return self._post("/v1/persons", body, form.RegistrationReport).persons

    def number_from_chip(
        self,
        addressee: str,
        *,
        card: Transmit,
        pin: Withheld[bytes],
        affair: str,
        officer: str,
        terminal: str,
    ) -> form.Registered:
        """Read a number from the card in the reader into the vault; it is not handed back.

        `pin` is the holder's for the card's text. Raises `WrongPin`, `PinBlocked`, `CardDeclined`.
        """
        serial = reader.serial(card)
        reader.select(card, TEXT)
        reader.verify(card, TEXT_PIN, pin)
        files = TextFiles.read(card)
        body = form.ChipReading(
            addressee=addressee,
            affair=affair,
            officer=officer,
            terminal=terminal,
            serial=serial.decode("ascii"),
            number=files.number,
            attributes=files.attributes,
            integrity=files.integrity,
            certificate=files.certificate,
        )
        return self._post("/v1/persons/chip", body, form.Registered)

    def provenance(self, addressee: str, by: By = UNTOLD) -> form.Provenance:
        """Return where a person's number was read from her chip."""
        body = by.at(addressee)
        return self._post("/v1/persons/provenance", body, form.Provenance)

    def replace_number(self, addressee: str, *, number: str, attributes: form.Attributes) -> None:
        """Put a person's new number, read from her new card, into the vault."""
        body = form.NewNumber(addressee=addressee, number=number, attributes=attributes)
        self._send("/v1/persons/number", body)

    def status(self, addressees: Sequence[str]) -> tuple[form.PersonStatus, ...]:
        """Return how far registrations are."""
        body = form.Addressees(tuple(addressees))
        return self._post("/v1/persons/status", body, form.PersonStatuses).persons

    def set_flags(self, addressee: str, *, no_self_information: bool, hidden: bool) -> None:
        """Set what the institution withholds of a person."""
        body = form.Flags(
            addressee=addressee, no_self_information=no_self_information, hidden=hidden
        )
        self._send("/v1/persons/flags", body)

    def retry(self, addressee: str) -> None:
        """Begin a rejected acquisition again."""
        self._send("/v1/persons/retry", form.OneAddressee(addressee))

    # Links in doubt

    def suspend_links(
        self, suspended: Sequence[links.LinkSuspended], *, officer: str
    ) -> tuple[links.Suspension, ...]:
        """Suspend 1 to 1,000 links, all or none."""
        body = links.LinksSuspended(officer=officer, links=tuple(suspended))
        return self._post("/v1/links/suspend", body, links.Suspensions).suspensions

    def confirm_link(
        self, addressee: str, *, case: str, officer: str, approver: str
    ) -> links.Suspension:
        """Lift a suspension by the word of two people: the link was right."""
        body = links.LinkConfirmed(
            addressee=addressee, case=case, officer=officer, approver=approver
        )
        return self._post("/v1/links/confirm", body, links.Suspension)

    def correct_link(self, order: links.LinkCorrected) -> links.Suspension:
        """Take a wrong number from a record by the word of two people."""
        return self._post("/v1/links/correct", order, links.Suspension)

    def suspensions_of(self, addressee: str, by: By = UNTOLD) -> tuple[links.Suspension, ...]:
        """Return the doubts about a record, the latest first."""
        body = by.at(addressee)
        return self._post("/v1/links/of-person", body, links.Suspensions).suspensions

    def consequences(self, addressee: str, *, case: str, by: By = UNTOLD) -> links.Consequences:
        """Return who received wrong data and who saw another's, after a correction."""
        body = links.LinkCase(addressee=addressee, case=case, affair=by.affair, asker=by.asker)
        return self._post("/v1/links/consequences", body, links.Consequences)

    def notices(self) -> tuple[links.NoticeDue, ...]:
        """Return the letters that persons are owed."""
        answer = self._exchange("GET", "/v1/notices", b"")
        return self._decode(answer, links.NoticesDue).notices

    def notice_sent(self, notice: str, *, officer: str) -> None:
        """Note that a letter has gone out."""
        self._send("/v1/notices/sent", links.NoticeSent(notice=notice, officer=officer))

    def withdrawn(self) -> tuple[links.WithdrawnAnswer, ...]:
        """Return answers of which their giver said that they were about another person."""
        answer = self._exchange("GET", "/v1/inquiries/withdrawn", b"")
        return self._decode(answer, links.WithdrawnAnswers).answers

    # Looks of staff

    def looked(self, told: Sequence[look_form.LookTold]) -> int:
        """Tell 1 to 1,000 looks at what the business system itself holds; returns the new ones."""
        body = look_form.LooksTold(tuple(told))
        return self._post("/v1/looks", body, look_form.LooksRecorded).new

    # Notices to persons

    def send_notices(
        self, notices: Sequence[notice_form.NoticeToSend], *, officer: str
    ) -> tuple[notice_form.NoticeSent, ...]:
        """Send 1 to 100 notices by the portal; each answer says what became of one."""
        body = notice_form.NoticesToSend(officer=officer, notices=tuple(notices))
        return self._post("/v1/portal-notices", body, notice_form.NoticesSent).notices

    def withdraw_notice(self, notice: str, *, officer: str) -> None:
        """Take a notice back; the person reads that it was withdrawn."""
        body = notice_form.NoticeWithdrawn(notice=notice, officer=officer)
        self._send("/v1/portal-notices/withdraw", body)

    def notices_of(self, addressee: str, by: By = UNTOLD) -> tuple[notice_form.NoticeInfo, ...]:
        """Return what a person was sent, the latest first."""
        body = by.at(addressee)
        return self._post("/v1/portal-notices/of-person", body, notice_form.NoticesOf).notices

    # What persons say of exchanges

    def claims(self) -> tuple[claim_form.ClaimShown, ...]:
        """Return what persons say of exchanges and waits to be answered, the one due first first."""
        answer = self._exchange("GET", "/v1/claims", b"")
        return self._decode(answer, claim_form.ClaimsShown).claims

    def answer_claim(self, given: claim_form.ClaimAnswered) -> None:
        """Answer one; she reads it at the portal."""
        self._send("/v1/claims/answer", given)

    def link_checks(self) -> tuple[links.LinkCheck, ...]:
        """Return the runs of the regular check, the latest first."""
        answer = self._exchange("GET", "/v1/links/checks", b"")
        return self._decode(answer, links.LinkChecks).runs

    def link_findings(self, run: str, *, after: int = 0) -> links.LinkFindings:
        """Return a page of what a run found that somebody has to look at."""
        body = links.FindingsOf(run=run, after=after)
        return self._post("/v1/links/findings", body, links.LinkFindings)

    def links_to_review(self, run: str, *, after: int = 0) -> links.LinksToReview:
        """Return a page of what a run found and nobody has settled."""
        body = links.FindingsOf(run=run, after=after)
        return self._post("/v1/links/to-review", body, links.LinksToReview)

    # Cases

    def open_case(self, addressee: str, *, affair: str, opened_on: date | None = None) -> form.Case:
        """Open one case."""
        case = form.OpenCase(addressee=addressee, affair=affair, opened_on=opened_on)
        return self.open_cases([case])[0]

    def open_cases(self, cases: Sequence[form.OpenCase]) -> tuple[form.Case, ...]:
        """Open 1 to 1,000 cases, all or none."""
        return self._post("/v1/cases", form.OpenCases(tuple(cases)), form.Cases).cases

    def close_case(self, case: str, *, closed_on: date | None = None) -> form.Case:
        """Close a case."""
        return self._post(
            "/v1/cases/close", form.CloseCase(case=case, closed_on=closed_on), form.Case
        )

    def cases_of(self, addressee: str, by: By = UNTOLD) -> tuple[form.Case, ...]:
        """Return a person's cases."""
        return self._post("/v1/cases/of-person", by.at(addressee), form.Cases).cases

    # Copies

    def load_copies(
        self,
        content: bytes,
        *,
        layout: str,
        content_type: Literal["text/csv", "application/json", "application/x-ndjson"] = "text/csv",
        charset: str = "",
        skip_bad: bool = False,
    ) -> form.LoadReport:
        """Load a file of copies, whole or (`skip_bad`) without its bad rows."""
        declared = f"{content_type}; charset={charset}" if charset else content_type
        answer = self._exchange(
            "POST",
            "/v1/copies/file",
            content,
            content_type=declared,
            params={"layout": layout, "skip_bad": "true" if skip_bad else "false"},
        )
        return self._decode(answer, form.LoadReport)

    def copies_of(self, addressee: str, *, info: str, by: By = UNTOLD) -> tuple[form.CopyInfo, ...]:
        """Return a person's copies of one kind of information, without their content."""
        body = look_form.CopiesOf(addressee=addressee, info=info, affair=by.affair, asker=by.asker)
        return self._post("/v1/copies/of-person", body, form.Copies).copies

    def withdraw_copy(self, addressee: str, *, info: str) -> int:
        """Take a copy out of force; returns its number."""
        body = form.CopyOf(addressee=addressee, info=info)
        return self._post("/v1/copies/withdraw", body, form.Withdrawn).copy

    def recipients(self, copies: Sequence[int], *, since: date) -> tuple[form.Recipient, ...]:
        """Return everyone who received these copies."""
        body = form.RecipientsOf(copies=tuple(copies), since=since)
        return self._post("/v1/copies/recipients", body, form.Recipients).recipients

    # Inquiries

    def ask(self, questions: Sequence[form.Question]) -> tuple[form.Accepted, ...]:
        """Ask 1 to 1,000 questions; poll each by its inquiry."""
        body = form.Questions(tuple(questions))
        return self._post("/v1/inquiries", body, form.AcceptedQuestions).questions

    def ask_and_wait(self, questions: Sequence[form.Question]) -> tuple[form.InquiryAnswer, ...]:
        """Ask, and return the answers as they stand when the batch has gone as far as it goes.

        A question that was refused on the spot has its refusal as outcome, like any other.
        """
        body = form.Questions(tuple(questions))
        answer = self._exchange(
            "POST", "/v1/inquiries", msgspec.json.encode(body), params={"wait": "true"}
        )
        return self._decode(answer, form.AcceptedQuestions).answers

    def ask_one(
        self,
        addressee: str,
        *,
        affair: str,
        provider: str,
        items: Sequence[str],
        layout: str,
        asker: Asker = NOT_TOLD,
    ) -> form.InquiryAnswer:
        """Ask one question and wait for what comes of it."""
        question = form.Question(
            addressee=addressee,
            affair=affair,
            provider=provider,
            items=tuple(items),
            layout=layout,
            asker=asker,
        )
        return self.ask_and_wait([question])[0]

    def answers(self, inquiries: Sequence[str]) -> tuple[form.InquiryAnswer, ...]:
        """Return where inquiries stand."""
        return self._post(
            "/v1/inquiries/answers", form.Poll(tuple(inquiries)), form.Answers
        ).answers

    def waiting(self) -> tuple[form.Waiting, ...]:
        """Return permits that wait for a decision here."""
        answer = self._exchange("GET", "/v1/waiting", b"")
        return self._decode(answer, form.WaitingPermits).waiting

    def decide(self, permit: str, decision: Literal["provide", "refuse"], *, officer: str) -> str:
        """Decide a waiting permit; returns the outcome that the requester is told."""
        body = form.Decide(permit=permit, decision=decision, officer=officer)
        return self._post("/v1/waiting/decide", body, form.Decided).outcome
