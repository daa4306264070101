"""The review desk as a service: it speaks to its own gateway by a token."""

from kumihimo.kernel.settings import load
from kumihimo.pages.officers import load_officers
from kumihimo.rooms.review.app import build
from kumihimo.rooms.review.settings import Settings
from kumihimo.run.service import Given, Service, at_once, trace_as_set, voice_of, watch_of


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    desk = settings.desk(beside=given.path, clock=given.clock, entropy=given.entropy)
    keys = settings.keys(beside=given.path)
    voice = voice_of(given, "review", settings, keys, desk.database)
    room = build(
        desk,
        load_officers(given.path.parent / settings.officers),
        settings.client(beside=given.path),
        https=settings.https,
        report=given.report,
        anchors=voice.anchors,
    )
    trace_as_set(given, "review", settings, room.app)
    host, port = settings.address()
    watch = watch_of(
        given,
        "review",
        room.app,
        desk.database,
        looks=(voice.anchors.look,),
        ages=voice.ages,
    )
    return Service(
        room="review",
        app=room.app,
        host=host,
        port=port,
        database=desk.database,
        net=voice.net,
        follower=voice.follower,
        ready=at_once,  # no page waits for the directory, only the anchors
        watch=watch,
        operators=settings.operators_address(),
    )
