"""Who may receive a card at the counter, with which papers (card_jpki 3.2).

Papers are named by words; the papers themselves are looked at by the officer and not stored.
"""

from typing import Final, Literal

import attrs

from kumihimo.rooms.cards.domain.applying import LEGAL_AGE
from kumihimo.rooms.cards.domain.refusals import ProxyNotAccepted
from kumihimo.rooms.cards.domain.tables import proxy_reasons

AgentKind = Literal["legal-representative", "proxy"]

PHOTO_PAPERS: Final = frozenset(
    {
        "driving-licence",
        "passport",
        "residence-card",
        "disability-handbook",
        "my-number-card",
    }
)
OTHER_PAPERS: Final = frozenset(
    {"insurance-card", "pension-book", "student-card", "maternity-handbook", "certificate-of-birth"}
)
OTHERS_NEEDED: Final = 2  # one with a photo, or two without
AUTHORITY: Final[dict[AgentKind, str]] = {
    "legal-representative": "family-register",  # 戸籍謄本 or the registration of guardianship
    "proxy": "power-of-attorney",
}
PHOTO_CERTIFICATE: Final = "photo-certificate"  # 顔写真証明書
SEALED_PINS: Final = "sealed-pins"  # 暗証番号 in a closed envelope


@attrs.frozen(kw_only=True)
class Agent:
    """Who comes in the holder's place or beside her. `reason` may be "" when she is there."""

    kind: AgentKind
    reason: str = ""
    papers: frozenset[str]


@attrs.frozen(kw_only=True)
class Visit:
    """Who stands at the counter: the holder's papers, whether she is there, and her agent."""

    holder_present: bool
    holder_papers: frozenset[str]
    agent: Agent | None = None


def identified(papers: frozenset[str]) -> bool:
    """Say whether papers identify a person: one with a photo, or two without."""
    return bool(papers & PHOTO_PAPERS) or len(papers & OTHER_PAPERS) >= OTHERS_NEEDED


def check_visit(visit: Visit, *, age: int, ward: bool) -> None:
    """Raise `ProxyNotAccepted` unless this visit may receive the card of such a holder."""
    legal_needed = age < LEGAL_AGE or ward
    agent = visit.agent
    if agent is None:
        if not visit.holder_present:
            raise ProxyNotAccepted("nobody has come", pointer="holder_present")
        if legal_needed:
            raise ProxyNotAccepted("a legal representative is needed", pointer="agent")
    elif legal_needed and agent.kind != "legal-representative":
        raise ProxyNotAccepted("only a legal representative receives this card", pointer="agent")
    if visit.holder_present:
        _check_papers(visit.holder_papers)
    if agent is not None:
        _check_agent(agent)
        if not visit.holder_present:
            _check_absence(agent, visit.holder_papers, age=age, ward=ward)


def _check_papers(papers: frozenset[str], pointer: str = "holder_papers") -> None:
    if not identified(papers):
        raise ProxyNotAccepted("one paper with a photo, or two without", pointer=pointer)


def _check_agent(agent: Agent) -> None:
    _check_papers(agent.papers, "agent.papers")
    authority = {AUTHORITY[agent.kind], "registration-of-guardianship"}
    if agent.kind == "proxy":
        authority = {AUTHORITY["proxy"]}
    if not authority & agent.papers:
        raise ProxyNotAccepted("the paper that gives authority is missing", pointer="agent.papers")


def _check_absence(agent: Agent, holder_papers: frozenset[str], *, age: int, ward: bool) -> None:
    reason = proxy_reasons().get(agent.reason)
    if reason is None or not reason.age_from <= age <= reason.age_to:
        raise ProxyNotAccepted("no accepted reason for staying away", pointer="agent.reason")
    if reason.legal_only and not (ward and agent.kind == "legal-representative"):
        raise ProxyNotAccepted("this reason is for a legal representative", pointer="agent.reason")
    if reason.paper and reason.paper not in agent.papers:
        raise ProxyNotAccepted(
            "the paper that proves the reason is missing", pointer="agent.papers"
        )
    if not holder_papers & PHOTO_PAPERS and PHOTO_CERTIFICATE not in holder_papers:
        raise ProxyNotAccepted(
            "the absent holder's face is proved by no paper", pointer="holder_papers"
        )
    if SEALED_PINS not in agent.papers:
        raise ProxyNotAccepted(
            "the holder's PINs come in a closed envelope", pointer="agent.papers"
        )
