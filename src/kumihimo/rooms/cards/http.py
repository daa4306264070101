"""cards' routes: translation only. Every one stands behind the signed door."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kumihimo.kernel.door import lawful, verified_of
from kumihimo.kernel.routes import post
from kumihimo.rooms.cards import api, applications, changes, counts, desk, sessions
from kumihimo.rooms.cards.context import Cards
from kumihimo.rooms.linkage.api import Received
from kumihimo.rooms.register.api import RESIDENTS_CHANGED_PATH, ResidentsChanged, Sealed

Asked = Request[Any, Any, Any]
Q = TypeVar("Q", bound=msgspec.Struct)
A = TypeVar("A", bound=msgspec.Struct)
Act = Callable[[Cards, str, Q], Awaitable[A]]

OFFICES = ("institution: municipality",)
APPLYING = "Number Act art. 16-2, 17(1)"
HANDING = "Number Act art. 17"


def routes(cards: Cards) -> list[HTTPRouteHandler]:
    """Return cards' route handlers."""
    return [*_applying(cards), *_desk(cards), *_sessions(cards), *_others(cards)]


def _door(
    cards: Cards,
    path: str,
    form: type[Q],
    act: Act[Q, A],
    *,
    authority: str,
    says: str,
) -> HTTPRouteHandler:
    """Return a door for municipalities: what is asked and what is answered is sealed."""

    async def handler(request: Asked, data: JSONBody[Sealed]) -> Sealed:
        sender = verified_of(request).sender
        entry = cards.office(sender)
        answer = await act(cards, sender, cards.open(data, form, path=path))
        return cards.seal(answer, entry, path=path)

    handler.__doc__ = says
    name = path.strip("/").replace("/", "_")
    return post(
        path,
        status_code=200,
        name=name,
        operation_id=name,
        opt=lawful(authority=authority, callers=OFFICES),
    )(handler)


def _applying(cards: Cards) -> list[HTTPRouteHandler]:
    return [
        _door(
            cards,
            api.OPEN_PATH,
            api.OpenApplication,
            applications.open_application,
            authority=APPLYING,
            says="Give out an application id: sealed `OpenApplication`; `OpenedApplication`.",
        ),
        _door(
            cards,
            api.PHOTO_PATH,
            api.TakePhoto,
            applications.take_photo,
            authority=APPLYING,
            says="Bind a photo to an application: a sealed `TakePhoto`; a sealed `PhotoTaken`.",
        ),
        _door(
            cards,
            api.SUBMIT_PATH,
            api.Submit,
            applications.submit,
            authority=APPLYING,
            says="Apply for a card: a sealed `Submit`; a sealed `Application`.",
        ),
        _door(
            cards,
            api.DECIDE_PATH,
            api.DecideApplication,
            applications.decide,
            authority=APPLYING,
            says="Send back, reject or withdraw: `DecideApplication`; a sealed `Application`.",
        ),
        _door(
            cards,
            api.SHOW_PATH,
            api.ShowApplication,
            applications.show,
            authority=APPLYING,
            says="Show an application of the caller's: `ShowApplication`; `Application`.",
        ),
    ]


def _desk(cards: Cards) -> list[HTTPRouteHandler]:
    return [
        _door(
            cards,
            api.HANDLE_PATH,
            api.HandleCard,
            desk.handle,
            authority=HANDING,
            says="Record a step of a card's way: a sealed `HandleCard`; `CardAfter`.",
        ),
        _door(
            cards,
            api.HOLD_PATH,
            api.HoldCard,
            desk.hold,
            authority=HANDING,
            says="Stop a person's card at once: a sealed `HoldCard`; a sealed `Held`.",
        ),
        _door(
            cards,
            api.END_PATH,
            api.EndCard,
            desk.end,
            authority=HANDING,
            says="Abolish a card: a sealed `EndCard`; a sealed `CardAfter`.",
        ),
        _door(
            cards,
            api.FIND_PATH,
            api.FindCard,
            desk.find,
            authority=HANDING,
            says="Show a card that is in the reader, or one of the caller's: `FindCard`.",
        ),
        _door(
            cards,
            api.MISDELIVERY_PATH,
            api.ReportMisdelivery,
            desk.misdelivery,
            authority=HANDING,
            says="Take a step of an incident: a sealed `ReportMisdelivery`; a sealed `Incident`.",
        ),
    ]


def _sessions(cards: Cards) -> list[HTTPRouteHandler]:
    return [
        _door(
            cards,
            api.BEGIN_PATH,
            api.BeginSession,
            sessions.begin,
            authority=HANDING,
            says="Begin an act on a chip, or go on: a sealed `BeginSession`; `SessionBegun`.",
        ),
        _door(
            cards,
            api.PROVE_PATH,
            api.ProveChip,
            sessions.prove,
            authority=HANDING,
            says="Let the chip prove itself: a sealed `ProveChip`; a sealed `Writing`.",
        ),
        _door(
            cards,
            api.ROLE_PATH,
            api.AskRole,
            sessions.role,
            authority=HANDING,
            says="Answer a challenge of the session's chip: `AskRole`; a sealed `RoleProof`.",
        ),
        _door(
            cards,
            api.KEYS_PATH,
            api.NewKeys,
            sessions.keys,
            authority="JPKI Act art. 3, 22",
            says="Have keys certified that the chip made: a sealed `NewKeys`; `Certified`.",
        ),
        _door(
            cards,
            api.COMMIT_PATH,
            api.CommitSession,
            sessions.commit,
            authority=HANDING,
            says="End a session as done: a sealed `CommitSession`; a sealed `SessionEnded`.",
        ),
        _door(
            cards,
            api.ABORT_PATH,
            api.AbortSession,
            sessions.abort,
            authority=HANDING,
            says="Give a session up: a sealed `AbortSession`; a sealed `SessionEnded`.",
        ),
    ]


def _others(cards: Cards) -> list[HTTPRouteHandler]:
    @post(
        api.COUNT_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 16-2, 17", callers=("institution",)),
    )
    async def count(request: Asked, data: JSONBody[api.CountCards]) -> api.CountedCards:
        """Count cards delivered and held at the end of a day."""
        cards.office(verified_of(request).sender)
        return await counts.answer(cards, data)

    @post(
        RESIDENTS_CHANGED_PATH,
        status_code=200,
        opt=lawful(authority="Basic Resident Register Act art. 30-6", callers=("register",)),
    )
    async def changed(request: Asked, data: JSONBody[ResidentsChanged]) -> Received:
        """Take word of residents whose record changed."""
        return await changes.take(cards, verified_of(request).sender, data)

    return [count, changed]
