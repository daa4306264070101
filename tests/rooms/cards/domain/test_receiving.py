import pytest

from kumihimo.rooms.cards.domain.receiving import Agent, AgentKind, Visit, check_visit, identified
from kumihimo.rooms.cards.domain.refusals import ProxyNotAccepted
from kumihimo.rooms.cards.domain.tables import proxy_reasons

LICENCE = frozenset({"driving-licence"})


def proxy(reason, *papers, kind: AgentKind = "proxy"):
    authority = "power-of-attorney" if kind == "proxy" else "family-register"
    paper = proxy_reasons()[reason].paper if reason in proxy_reasons() else ""
    given = {"passport", "sealed-pins", authority, paper} - {""}
    return Agent(kind=kind, reason=reason, papers=frozenset(given | set(papers)))


def visit(agent=None, *, present=False, papers=LICENCE):
    return Visit(holder_present=present, holder_papers=papers, agent=agent)


def age_for(reason):
    return min(max(proxy_reasons()[reason].age_from, 15), proxy_reasons()[reason].age_to)


def test_an_adult_receives_her_card_herself():
    check_visit(visit(present=True), age=40, ward=False)


@pytest.mark.parametrize(
    ("papers", "enough"),
    [
        ({"driving-licence"}, True),
        ({"insurance-card"}, False),
        ({"insurance-card", "pension-book"}, True),
        ({"letter"}, False),
        (set(), False),
    ],
)
def test_one_paper_with_a_photo_or_two_without_identify_a_person(papers, enough):
    assert identified(frozenset(papers)) is enough
    seen = visit(present=True, papers=frozenset(papers))
    if enough:
        check_visit(seen, age=40, ward=False)
    else:
        with pytest.raises(ProxyNotAccepted):
            check_visit(seen, age=40, ward=False)


def test_a_card_is_given_to_nobody_when_nobody_has_come():
    with pytest.raises(ProxyNotAccepted):
        check_visit(visit(), age=40, ward=False)


@pytest.mark.parametrize("reason", [r for r in proxy_reasons() if r != "guardianship"])
def test_every_accepted_reason_lets_a_proxy_receive_the_card_with_its_paper_only(reason):
    age = age_for(reason)
    check_visit(visit(proxy(reason)), age=age, ward=False)
    paper = proxy_reasons()[reason].paper
    if paper:
        without = proxy(reason).papers - {paper}
        with pytest.raises(ProxyNotAccepted):
            check_visit(
                visit(Agent(kind="proxy", reason=reason, papers=without)), age=age, ward=False
            )


@pytest.mark.parametrize("missing", ["passport", "power-of-attorney", "sealed-pins"])
def test_a_proxy_without_papers_authority_or_the_sealed_pins_gets_nothing(missing):
    agent = Agent(kind="proxy", reason="hospital", papers=proxy("hospital").papers - {missing})
    with pytest.raises(ProxyNotAccepted):
        check_visit(visit(agent), age=40, ward=False)


@pytest.mark.parametrize("reason", ["", "busy", "aged-75", "guardianship"])
def test_whoever_has_no_accepted_reason_comes_in_person(reason):
    with pytest.raises(ProxyNotAccepted):
        check_visit(visit(proxy(reason)), age=40, ward=False)


def test_an_absent_holder_without_a_photo_paper_needs_a_certificate_of_her_face():
    papers = frozenset({"insurance-card", "pension-book"})
    with pytest.raises(ProxyNotAccepted):
        check_visit(visit(proxy("hospital"), papers=papers), age=40, ward=False)
    check_visit(visit(proxy("hospital"), papers=papers | {"photo-certificate"}), age=40, ward=False)


def test_a_childs_card_is_given_with_the_legal_representative_only():
    parent = proxy("junior-high", kind="legal-representative")
    check_visit(visit(parent, present=True), age=8, ward=False)
    check_visit(visit(parent), age=8, ward=False)
    for agent, present in (
        (None, True),
        (proxy("junior-high"), False),
        (proxy("junior-high"), True),
    ):
        with pytest.raises(ProxyNotAccepted):
            check_visit(visit(agent, present=present), age=8, ward=False)


def test_a_wards_card_is_given_to_the_guardian_only():
    guardian = proxy("guardianship", kind="legal-representative")
    check_visit(visit(guardian), age=60, ward=True)
    with pytest.raises(ProxyNotAccepted):
        check_visit(visit(proxy("hospital")), age=60, ward=True)
    with pytest.raises(ProxyNotAccepted):
        check_visit(visit(guardian), age=60, ward=False)
