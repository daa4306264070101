"""jpki as a service; its status may be asked at an address of its own."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from kumihimo.kernel.metrics import OK, meter_of
from kumihimo.kernel.plain_http import Answer, Question, listening
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import load
from kumihimo.rooms.jpki.app import build
from kumihimo.rooms.jpki.settings import Settings
from kumihimo.rooms.jpki.store_lists import newest
from kumihimo.run.service import Given, Service, following


def compose(given: Given) -> Service:
    """Compose it from its settings file."""
    settings = load(given.path, Settings)
    book, net = settings.book(), settings.net()
    jpki = settings.jpki(beside=given.path, book=book, clock=given.clock, entropy=given.entropy)
    room = build(jpki, book=book, net=net, report=given.report)
    looks = (newest, room.anchors.look)
    service = following(given, "jpki", settings, book, room.app, jpki.database, net, looks=looks)
    service = attrs.evolve(service, share_port=settings.share_port)
    address = settings.ocsp_address()
    if address is None:
        return service

    meter = meter_of(room.app)

    async def counted(question: Question) -> Answer:
        answer = await room.status(question)
        status = answer.status[:3].decode()
        meter.answered("status", OK if status == "200" else status)
        return answer

    @asynccontextmanager
    async def status() -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            door = listening(counted, *address, share_port=settings.share_port)
            try:
                await stack.enter_async_context(door)
            except OSError as error:
                raise BadInput(f"ocsp_listen: {error.strerror}", pointer="ocsp_listen") from None
            yield

    return attrs.evolve(service, beside=status)
