"""What a provider decides before it looks at any value."""

from datetime import date

from kumihimo.rooms.gateway.domain.providing import (
    SELF_INFORMATION,
    Asked,
    HeldCopy,
    HeldPerson,
    outcome_before_reading,
)

ITEMS = ("local-tax.total-income",)
LAYOUT = "local-tax/2024"


def outcome(affair, **flags):
    person = HeldPerson(person="p", copies=(), hidden=False, **flags)
    return outcome_before_reading(Asked(affair=affair, items=ITEMS, layout=LAYOUT), person)[0]


def test_who_may_not_read_of_herself_here_is_still_asked_about_by_others():
    assert outcome(SELF_INFORMATION, no_self_information=True) == "REFUSED_FLAG"
    assert outcome(SELF_INFORMATION, no_self_information=False) == "NO_COPY"
    assert outcome("b081", no_self_information=True) == "NO_COPY"


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
