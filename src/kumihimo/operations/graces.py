"""What each room still does while another is silent, and for how long: the one table of it.

The periods are our own choice (docs/decisions/0008). docs/reference/operations.md prints the table,
and a test holds the two equal.
"""

from datetime import timedelta
from typing import Final

from kumihimo.kernel.grace import Grace
from kumihimo.kernel.refusal import Unavailable

OVERSIGHT: Final = "oversight"
DIRECTORY: Final = timedelta(hours=24)
RECORDS: Final = timedelta(hours=24)
QUESTIONS: Final = timedelta(hours=4)
AT_ONCE: Final = timedelta()
# By number: a letter takes about a kilobyte of disk, a batch up to one MiB.
RECORDS_MOST: Final = 10_000_000  # 24 hours of a hundred batches a second
REPORTS_MOST: Final = 1_000_000
QUESTIONS_MOST: Final = 100_000


class DirectoryTooOld(Unavailable):
    """For too long nobody has heard from oversight whom one may still believe."""

    code = "directory-too-old"
    title = "Oversight has been silent for too long; nobody is believed until it speaks again"


class LedgerSilent(Unavailable):
    """Records or leaves have waited too long for the ledger: it must take them first."""

    code = "ledger-silent"
    title = "The ledger has been silent for too long; nothing is permitted until it takes records"


class CoreSilent(Unavailable):
    """What waits for the core has waited too long: nothing more is taken."""

    code = "core-silent"
    title = "The core has been silent for too long; nothing more is taken until it answers"


def _directory(room: str, stops: str, goes_on: str = "everything") -> Grace:
    return Grace(
        room=room,
        missing=OVERSIGHT,
        goes_on=goes_on,
        stops=stops,
        period=DIRECTORY,
        then=DirectoryTooOld,
        test="tests/rooms/oversight/test_directory_grace.py::"
        "test_a_room_that_is_cut_off_from_oversight_refuses_after_its_grace_and_not_before",
    )


def _at_once(room: str, missing: str, goes_on: str, stops: str, test: str) -> Grace:
    return Grace(
        room=room,
        missing=missing,
        goes_on=goes_on,
        stops=stops,
        period=AT_ONCE,
        then=Unavailable,
        test=test,
    )


def _for_ever(room: str, missing: str, goes_on: str, test: str) -> Grace:
    return Grace(
        room=room,
        missing=missing,
        goes_on=goes_on,
        stops="nothing",
        period=None,
        then=None,
        test=test,
    )


_HERE = "tests/federation/test_graces.py::"

GRACES: Final = (
    _directory("register", "every door"),
    _directory("linkage", "every door"),
    _directory("ledger", "taking records, opening sessions; a session that is open reads on"),
    _directory("gateway", "asking, providing; answers, cases, copies and persons can be read"),
    _directory("jpki", "orders, changes of residents; status and lists are told"),
    _directory("cards", "every door"),
    _directory("agency", "every door"),
    _directory("counter", "what needs cards"),
    Grace(
        room="linkage",
        missing="ledger",
        goes_on="everything; records wait for the ledger",
        stops="permits; ends and refusals are still taken",
        period=RECORDS,
        then=LedgerSilent,
        most=RECORDS_MOST,
        test=_HERE + "test_a_core_whose_records_the_ledger_does_not_take_permits_nothing_more",
    ),
    Grace(
        room="register",
        missing="ledger",
        goes_on="everything; leaves of strict inquiries wait for the log",
        stops="strict inquiries, comparisons of links and latest attributes",
        period=RECORDS,
        then=LedgerSilent,
        test="tests/rooms/register/test_logged.py::"
        "test_register_tells_nobody_a_number_while_the_log_is_silent_for_too_long",
    ),
    _for_ever(
        "linkage",
        "register",
        "everything but new codes",
        "tests/federation/test_exchange.py::"
        "test_a_new_municipality_gets_the_tax_data_that_the_old_one_holds",
    ),
    Grace(
        room="gateway",
        missing="linkage",
        goes_on="taking questions; they wait",
        stops="taking questions",
        period=QUESTIONS,
        then=CoreSilent,
        most=QUESTIONS_MOST,
        test=_HERE + "test_a_gateway_takes_questions_for_a_silent_core_until_the_grace_is_over",
    ),
    Grace(
        room="gateway, reports",
        missing="linkage",
        goes_on="providing on sheets that are valid; reports of it wait",
        stops="asking and providing",
        period=RECORDS,
        then=CoreSilent,
        most=REPORTS_MOST,
        test=_HERE + "test_a_provider_whose_reports_do_not_arrive_provides_nothing_more",
    ),
    _at_once(
        "gateway",
        "register",
        "everything else; acquisitions of codes wait",
        "persons by strict inquiry",
        _HERE + "test_without_register_a_strict_inquiry_is_refused_at_once",
    ),
    _for_ever(
        "gateway",
        "provider",
        "asking it again until the permit ends (one hour); then the question is EXPIRED",
        "tests/federation/test_what_a_clerk_is_told.py::"
        "test_a_permit_that_no_provider_saw_in_its_hour_is_expired_and_she_reads_so",
    ),
    _for_ever(
        "gateway",
        "agency",
        "everything; reports of mis-links wait",
        "tests/federation/test_the_agency_is_told.py::"
        "test_the_ministry_in_charge_reads_of_a_corrected_link_and_another_does_not",
    ),
    _at_once(
        "ledger",
        "linkage",
        "showing what it has",
        "opening sessions",
        _HERE + "test_without_the_core_no_session_opens_and_an_open_one_reads_on",
    ),
    _at_once(
        "counter",
        "cards",
        "nothing",
        "every act",
        "tests/interop/test_counter.py::"
        "test_while_cards_is_down_the_pages_say_so_and_go_on_when_it_is_back",
    ),
    _at_once(
        "every room",
        "its database",
        "nothing",
        "everything",
        "tests/federation/test_single_questions.py::"
        "test_a_database_that_is_away_is_told_to_all_who_wait",
    ),
)


def grace_of(room: str, missing: str) -> Grace:
    """Return the promise of a room about another."""
    return next(one for one in GRACES if (one.room, one.missing) == (room, missing))
