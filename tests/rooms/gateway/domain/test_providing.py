"""What a provider decides before it looks at any value."""

from datetime import date

from kumihimo.rooms.gateway.domain.providing import (
    SELF_INFORMATION,
    Asked,
    HeldCopy,
    HeldPerson,
    as_told,
    outcome_before_reading,
)

ITEMS = ("local-tax.total-income",)
LAYOUT = "local-tax/2024"


def outcome(affair, *, no_self_information=False, hidden=False):
    person = HeldPerson(
        person="p", copies=(), hidden=hidden, no_self_information=no_self_information
    )
    return outcome_before_reading(Asked(affair=affair, items=ITEMS, layout=LAYOUT), person)[0]


def test_who_may_not_read_of_herself_here_is_still_asked_about_by_others():
    assert outcome(SELF_INFORMATION, no_self_information=True) == "REFUSED_FLAG"
    assert outcome(SELF_INFORMATION, no_self_information=False) == "NO_COPY"
    assert outcome("b081", no_self_information=True) == "NO_COPY"


def test_where_it_is_hidden_that_she_is_known_here_nobody_reads_as_her_and_offices_still_ask():
    assert outcome(SELF_INFORMATION, hidden=True) == "REFUSED_FLAG"
    assert outcome("b081", hidden=True) == "NO_COPY"


def test_a_flag_leaves_the_house_as_a_person_unknown_but_only_to_who_reads_as_herself():
    def told(affair, outcome):
        return as_told(Asked(affair=affair, items=ITEMS, layout=LAYOUT), outcome)

    assert told(SELF_INFORMATION, "REFUSED_FLAG") == "NO_PERSON"
    assert told("b081", "REFUSED_FLAG") == "REFUSED_FLAG"
    for outcome in ("OK", "NO_DATA", "NO_COPY", "NO_PERSON", "PENDING_MANUAL", "STALE_LAYOUT"):
        assert told(SELF_INFORMATION, outcome) == outcome


def test_while_a_link_is_checked_others_are_refused_and_she_is_told_that_somebody_looks():
    copy = HeldCopy(
        copy=1,
        info="local-tax",
        layout=LAYOUT,
        as_of=date(2026, 5, 31),
        registered_on=date(2026, 6, 1),
        no_automatic_answer=False,
        values={},
    )

    def told(affair, *, suspended, withheld=False):
        person = HeldPerson(
            person="p",
            copies=(copy,),
            hidden=False,
            no_self_information=withheld,
            link_suspended=suspended,
        )
        return outcome_before_reading(Asked(affair=affair, items=ITEMS, layout=LAYOUT), person)[0]

    assert told("b081", suspended=True) == "REFUSED_FLAG"
    assert told("b081", suspended=False) == "OK"
    assert told(SELF_INFORMATION, suspended=True) == "PENDING_MANUAL"
    assert told(SELF_INFORMATION, suspended=False) == "OK"
    assert told(SELF_INFORMATION, suspended=True, withheld=True) == "REFUSED_FLAG"
