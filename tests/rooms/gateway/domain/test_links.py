"""What becomes of copies that stood under another person's code."""

from datetime import date, timedelta

from kumihimo.rooms.gateway.domain.links import StandingCopy, plan_copies, wrong_copies

DAY = date(2026, 5, 31)


def copy(number, addressee="7", *, info="local-tax", current=True):
    return StandingCopy(copy=number, info=info, as_of=DAY, current=current, addressee=addressee)


def plan(*copies, shared=False, held=None):
    return plan_copies(copies, addressee="7", shared=shared, held=held or {})


def test_a_record_that_stood_alone_takes_all_its_copies_with_it():
    found = plan(copy(1, current=False), copy(2), copy(3, "", info="pension"))
    assert (found.retired, found.moved, found.load_again) == ((2, 3), (2, 3), ())


def test_of_two_records_each_keeps_its_own_and_both_load_what_was_mixed():
    found = plan(copy(1), copy(2, "8", info="pension"), shared=True)
    assert (found.retired, found.moved, found.load_again) == ((1,), (1,), ("local-tax",))
    found = plan(copy(1, current=False), copy(2, "8"), shared=True)
    assert (found.retired, found.moved, found.load_again) == ((), (), ("local-tax",))


def test_a_copy_that_may_be_either_records_goes_to_neither():
    found = plan(copy(1, ""), shared=True)
    assert (found.retired, found.moved, found.load_again) == ((1,), (), ("local-tax",))


def test_what_the_right_person_has_already_and_newer_is_not_replaced():
    newer, older = DAY + timedelta(days=1), DAY - timedelta(days=1)
    assert plan(copy(1), held={"local-tax": DAY}).moved == ()
    assert plan(copy(1), held={"local-tax": newer}).retired == (1,)
    assert plan(copy(1), held={"local-tax": older}).moved == (1,)


def test_a_withdrawn_copy_stays_away():
    assert plan(copy(1, current=False)).moved == ()


def test_a_copy_of_the_other_record_was_never_wrong():
    copies = (copy(1), copy(2, "8"), copy(3, ""))
    assert [c.copy for c in wrong_copies(copies, addressee="7", shared=True)] == [1, 3]
    assert [c.copy for c in wrong_copies(copies, addressee="7", shared=False)] == [1, 2, 3]
