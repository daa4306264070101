"""An institution's business system in tests: the real client against the gateway's real app."""

import asyncio

import httpx2

from kumihimo.rooms.gateway import acquire, clients
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.gateway.clients import EVERY_AFFAIR
from tests.federation.street import transport_to


class Bridge(httpx2.BaseTransport):
    """Carries a synchronous client's requests, made in a thread, to an app on the test's loop."""

    def __init__(self, app, loop):
        self._transport = transport_to(app)
        self._loop = loop

    def handle_request(self, request):
        return asyncio.run_coroutine_threadsafe(self._carry(request), self._loop).result()

    async def _carry(self, request):
        answer = await self._transport.handle_async_request(
            httpx2.Request(
                request.method, request.url, headers=request.headers, content=request.read()
            )
        )
        return httpx2.Response(
            answer.status_code, headers=answer.headers, content=await answer.aread()
        )


class Desk:
    """`await desk(lambda client: client.open_case(...))`."""

    def __init__(self, client, room, tenant):
        self.client = client
        self.room = room
        self.tenant = tenant

    async def __call__(self, act):
        return await asyncio.to_thread(act, self.client)

    async def kept(self, query):
        """Return one value of the institution's own rows."""
        database = self.room.gateway.database
        async with database.transaction(institution=self.tenant.institution) as tx:
            return await tx.value(query)

    async def acquire(self, register_room):
        """Let codes be acquired until nothing moves."""
        for _ in range(4):
            await acquire.run_once(self.room.gateway, self.tenant)
            await register_room.outbox.run_once()


async def open_desk(street, institution, affairs=(EVERY_AFFAIR,), name="tax"):
    room, _ = street.gateways[institution]
    tenant = street.tenants[institution]
    token = await clients.create(room.gateway, tenant, name, affairs)
    bridge = Bridge(room.app, asyncio.get_running_loop())
    client = BusinessClient("http://gateway", token, transport=bridge)
    return Desk(client, room, tenant)
