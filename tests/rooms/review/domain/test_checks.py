"""What becomes of an item when the gateway's check finds its record again."""

from itertools import product
from typing import Any

from kumihimo.rooms.review.domain.checks import AUDIT, CHECK, SUSPICIONS, Standing, Taking, taking

FLAGS = list(product((True, False), repeat=4))


def stood(**changes):
    whole: dict[str, Any] = dict.fromkeys(("waits", "decided", "refused"), False)
    whole |= {"source": CHECK, "same": True, "told": True}
    return Standing(**(whole | changes))


def test_a_record_that_is_not_known_is_added():
    assert taking(None, doubted=False) is Taking.ADD
    assert taking(None, doubted=True) is Taking.ADD


def test_what_waits_from_an_audit_is_never_replaced_by_what_knows_less():
    for same, told, refused, doubted in FLAGS:
        item = stood(waits=True, source=AUDIT, same=same, told=told, refused=refused)
        assert taking(item, doubted=doubted) is Taking.KEEP


def test_what_waits_from_a_check_begins_anew_only_when_it_changed():
    assert taking(stood(waits=True), doubted=True) is Taking.REFRESH
    assert taking(stood(waits=True, same=False), doubted=False) is Taking.AGAIN


def test_a_decision_stands_until_something_has_changed():
    decided = {"decided": True}
    assert taking(stood(**decided), doubted=False) is Taking.KEEP
    for changes, doubted in (({"same": False}, False), ({"refused": True}, False), ({}, True)):
        assert taking(stood(**decided, **changes), doubted=doubted) is Taking.AGAIN


def test_a_decision_that_is_on_its_way_is_not_asked_again():
    for same, refused, doubted, _ in FLAGS:
        item = stood(decided=True, told=False, same=same, refused=refused)
        assert taking(item, doubted=doubted) is Taking.KEEP


def test_what_nobody_decided_comes_again():
    assert taking(stood(), doubted=False) is Taking.AGAIN


def test_a_number_that_is_nobodys_comes_before_one_whose_person_is_dead():
    assert SUSPICIONS["NOT_FOUND"].odds > SUSPICIONS["MISMATCH"].odds > SUSPICIONS["DEAD"].odds
