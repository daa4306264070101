"""A gateway works for each of its institutions by itself: what hangs for one, delays no other."""

import asyncio
from contextlib import asynccontextmanager

import attrs

from kumihimo.kernel.net import HttpNet
from kumihimo.kernel.worker import working
from kumihimo.rooms.gateway import store_exchange
from kumihimo.rooms.gateway.app import _jobs
from tests.federation.street import MINATO, OSAKA


@asynccontextmanager
async def silence():
    """Listen at a real socket that takes connections and never answers; gives its address."""
    held, over = [], asyncio.Event()

    async def hold(_, writer):
        held.append(writer)
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", held
    finally:
        over.set()
        server.close()


class Forked:
    """Carries what one institution says to where nobody answers, and all else on its way."""

    def __init__(self, name, address, net):
        self.name, self.net = name, net
        self.nowhere = HttpNet({"linkage": address}, timeout_s=3_600)

    async def post(self, party, path, *, headers, body):
        lost = f'keyid="{self.name}#' in headers["signature-input"]
        net = self.nowhere if lost else self.net
        return await net.post(party, path, headers=headers, body=body)


async def settled(gateway, name):
    for _ in range(600):
        async with gateway.database.transaction(institution=name) as tx:
            found = await store_exchange.batch(tx, name)
        if found is not None and found.state == "DONE":
            return True
        await asyncio.sleep(0.05)
    return False


def test_a_batch_that_hangs_delays_no_other_institutions(on_street):
    async def story(street):
        room = street.gateways[MINATO][0]
        async with silence() as (address, held):
            net = Forked(OSAKA, address, street.net)
            gateway = attrs.evolve(room.gateway, net=net)
            tenants = {name: street.tenants[name] for name in (OSAKA, MINATO)}
            at = gateway.clock.now()
            for name in tenants:
                async with gateway.database.transaction(institution=name) as tx:
                    await store_exchange.add_batch(tx, name, name, b"{}", at=at, next_try_at=at)
            jobs = [j for j in _jobs(gateway, tenants, room.outbox) if j.name == "gateway-sending"]
            async with working(jobs, street._bug)(room.app):
                while not held:  # noqa: ASYNC110 - a socket of the machine's is waited for
                    await asyncio.sleep(0.01)
                assert await settled(gateway, MINATO)
            async with gateway.database.transaction(institution=OSAKA) as tx:
                hanging = await store_exchange.batch(tx, OSAKA)
            assert hanging is not None
            assert hanging.state == "ASKED"
        await net.nowhere.close()

    on_street(story)
