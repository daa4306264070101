"""The portal as a service: it reaches jpki by a token, the ledger by each person's own session."""

from kumihimo.kernel.settings import load
from kumihimo.rooms.portal.app import build
from kumihimo.rooms.portal.settings import Settings
from kumihimo.run.service import Given, Service, at_once, trace_as_set, voice_of, watch_of


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    portal = settings.portal(beside=given.path, clock=given.clock, entropy=given.entropy)
    voice = voice_of(given, "portal", settings, portal.keys, portal.database)
    room = build(portal, report=given.report, helper=settings.helper, anchors=voice.anchors)
    trace_as_set(given, "portal", settings, room.app)
    host, port = settings.address()
    watch = watch_of(
        given,
        "portal",
        room.app,
        portal.database,
        looks=(voice.anchors.look, portal.mail_waits.look),
        ages=lambda: (*voice.ages(), *portal.mail_waits.ages()),
    )
    return Service(
        room="portal",
        app=room.app,
        host=host,
        port=port,
        database=portal.database,
        net=voice.net,
        follower=voice.follower,
        ready=at_once,  # no page waits for the directory, only the anchors
        watch=watch,
        operators=settings.operators_address(),
    )
