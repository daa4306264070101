"""What a provider decides before it looks at any value."""

from kumihimo.rooms.gateway.domain.providing import (
    SELF_INFORMATION,
    Asked,
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
