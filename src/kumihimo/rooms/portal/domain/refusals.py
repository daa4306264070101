"""What the portal refuses, by name."""

from typing import ClassVar

from kumihimo.kernel.refusal import Refusal


class CardNotConfirmed(Refusal):
    """One refusal for a wrong signature, a stranger's card, one that is over, and a late answer.

    Who has no card learns nothing from it, not even whether a certificate is known.
    """

    code: ClassVar[str] = "card-not-confirmed"
    title: ClassVar[str] = "The card could not be confirmed"
    status: ClassVar[int] = 403


class ProofOver(Refusal):
    """The browser has nothing that a card was asked for, or its time is over."""

    code: ClassVar[str] = "proof-over"
    title: ClassVar[str] = "The time for the card is over; begin anew"
    status: ClassVar[int] = 410


class NotYetAnswered(Refusal):
    """The card has not signed yet."""

    code: ClassVar[str] = "not-yet-answered"
    title: ClassVar[str] = "The card has not signed yet"
    status: ClassVar[int] = 409


class CodeDiffers(Refusal):
    """The number on the phone is not the one on the other screen: somebody may be lured."""

    code: ClassVar[str] = "code-differs"
    title: ClassVar[str] = "The numbers on the two screens differ"
    status: ClassVar[int] = 409


class OtherPerson(Refusal):
    """Card, session and record are not of one person: nothing is written (2023: shared terminals)."""

    code: ClassVar[str] = "other-person"
    title: ClassVar[str] = "The card is not that of the person who is signed in"
    status: ClassVar[int] = 409


class CodeUnknown(Refusal):
    """One refusal for a code that is none, one that is over or used, and one's own."""

    code: ClassVar[str] = "code-unknown"
    title: ClassVar[str] = "No delegation waits under this code"
    status: ClassVar[int] = 404


class DelegationNotInForce(Refusal):
    """It has ended, or it waits for the one whose data it is about."""

    code: ClassVar[str] = "delegation-not-in-force"
    title: ClassVar[str] = "This delegation is not in force"
    status: ClassVar[int] = 409


class CardStillStopped(Refusal):
    """The card of the other is stopped or over: nobody can let her act for them again yet."""

    code: ClassVar[str] = "card-still-stopped"
    title: ClassVar[str] = "The other person's card is stopped or over"
    status: ClassVar[int] = 409


class MailCodeWrong(Refusal):
    """A code that was not mailed, or whose time or tries are over: one refusal for each."""

    code: ClassVar[str] = "mail-code-wrong"
    title: ClassVar[str] = "That is not the code, or its time is over"
    status: ClassVar[int] = 400


class MailCodesSpent(Refusal):
    """A day has so many codes and no more: nobody's mailbox is flooded from here."""

    code: ClassVar[str] = "mail-codes-spent"
    title: ClassVar[str] = "No more codes are mailed today"
    status: ClassVar[int] = 429
