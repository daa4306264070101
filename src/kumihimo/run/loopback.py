"""Serving an application of this process on a loopback port, for the demo."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

import httpx2
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from kumihimo.kernel import ports
from kumihimo.kernel.ports import LOOPBACK as HOST
from kumihimo.kernel.refusal import Unavailable

_TRIES: Final = 200
_PAUSE_S: Final = 0.02


def free_port(wished: int = 0) -> int:
    """Return a loopback port that nobody listens on now: the one wished for, if it is free."""
    if wished:
        with suppress(OSError), socket.socket() as probe:
            probe.bind((HOST, wished))
            return wished
    return ports.free_port()


def free_ports(count: int) -> list[int]:
    """Return so many loopback ports that nobody listens on now, no two alike."""
    return [ports.free_port() for _ in range(count)]


@asynccontextmanager
async def served(app: Litestar, wished: int = 0) -> AsyncGenerator[str]:
    """Serve an application, its workers included, while the block runs; yields its address."""
    port = free_port(wished)
    address = f"http://{HOST}:{port}"
    server = Server(app, address=HOST, port=port, interface=Interfaces.ASGI, log_enabled=False)
    task = asyncio.create_task(server.serve())
    try:
        await answering(address)
        yield address
    finally:
        server.stop()
        await task


async def answering(address: str) -> None:
    """Wait for an answer, not for an open port: the port opens before the workers have begun."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        for _ in range(_TRIES):
            try:
                await http.get(address)
            except httpx2.TransportError:
                await asyncio.sleep(_PAUSE_S)
            else:
                return
    raise Unavailable("the room did not begin to answer")
