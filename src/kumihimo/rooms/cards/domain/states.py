"""The states of an application and of a card, closed: what is not in a table cannot happen.

The names follow card_jpki 3.1, which has no public source for them. A card that was abolished
(廃止) for whatever reason is in one state, and the reason stands beside it: counts need both.
"""

from typing import Final, Literal, get_args

from kumihimo.rooms.cards.domain.refusals import WrongState

ApplicationState = Literal[
    "open",  # an id was given; the photo is taken under it
    "applied",
    "sent-back",  # 不備: to be corrected by the applicant
    "rejected",
    "withdrawn",
    "in-production",
    "finished",  # the card exists, the number is gone
]
ApplicationEvent = Literal["submit", "send-back", "reject", "withdraw", "produce", "finish"]

CardState = Literal[
    "made",
    "at-municipality",
    "notified",  # 交付通知書 was sent
    "posted",
    "active",
    "held",  # 一時停止
    "void",  # 失効: it stopped working, and is not abolished yet
    "abolished",  # 廃止
    "discarded",  # thrown away before anybody received it
]
CardEvent = Literal[
    "ship",
    "notify",
    "post",
    "come-back",
    "deliver",
    "hold",
    "release",
    "lapse",
    "abolish",
    "discard",
    "undo-delivery",
]
Reason = Literal[
    "death", "expiry", "return", "reissue", "departure", "lapse", "loss", "authority"
]  # fmt: skip

APPLICATION: Final[dict[tuple[ApplicationState, ApplicationEvent], ApplicationState]] = {
    ("open", "submit"): "applied",
    ("open", "withdraw"): "withdrawn",
    ("applied", "send-back"): "sent-back",
    ("applied", "reject"): "rejected",
    ("applied", "withdraw"): "withdrawn",
    ("applied", "produce"): "in-production",
    ("sent-back", "submit"): "applied",
    ("sent-back", "reject"): "rejected",
    ("sent-back", "withdraw"): "withdrawn",
    ("in-production", "reject"): "rejected",  # the person died or left before the card was made
    ("in-production", "finish"): "finished",
}
CARD: Final[dict[tuple[CardState, CardEvent], CardState]] = {
    ("made", "ship"): "at-municipality",
    ("made", "post"): "posted",
    ("made", "discard"): "discarded",
    ("at-municipality", "notify"): "notified",
    ("at-municipality", "post"): "posted",
    ("at-municipality", "discard"): "discarded",
    ("notified", "deliver"): "active",
    ("notified", "discard"): "discarded",
    ("posted", "deliver"): "active",
    ("posted", "come-back"): "at-municipality",
    ("posted", "discard"): "discarded",
    ("active", "hold"): "held",
    ("active", "lapse"): "void",
    ("active", "abolish"): "abolished",
    ("active", "undo-delivery"): "at-municipality",
    ("held", "release"): "active",
    ("held", "lapse"): "void",
    ("held", "abolish"): "abolished",
    ("held", "undo-delivery"): "at-municipality",
    ("void", "abolish"): "abolished",
}
APPLICATION_STATES: Final[tuple[ApplicationState, ...]] = get_args(ApplicationState)
APPLICATION_EVENTS: Final[tuple[ApplicationEvent, ...]] = get_args(ApplicationEvent)
CARD_STATES: Final[tuple[CardState, ...]] = get_args(CardState)
CARD_EVENTS: Final[tuple[CardEvent, ...]] = get_args(CardEvent)
OPEN_APPLICATIONS: Final[frozenset[ApplicationState]] = frozenset(
    {"open", "applied", "sent-back", "in-production"}
)
IN_HAND: Final[frozenset[CardState]] = frozenset({"active", "held", "void"})  # 保有
UNDELIVERED: Final[frozenset[CardState]] = frozenset(
    {"made", "at-municipality", "notified", "posted"}
)


def application_after(state: ApplicationState, event: ApplicationEvent) -> ApplicationState:
    """Return the state that an event leads to; raises `WrongState`."""
    found = APPLICATION.get((state, event))
    if found is None:
        raise WrongState(f"{event} cannot happen to an application that is {state}")
    return found


def card_after(state: CardState, event: CardEvent) -> CardState:
    """Return the state that an event leads to; raises `WrongState`."""
    found = CARD.get((state, event))
    if found is None:
        raise WrongState(f"{event} cannot happen to a card that is {state}")
    return found
