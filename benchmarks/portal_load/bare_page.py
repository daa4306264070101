"""Serves one page of so many bytes by Litestar alone, as our rooms are served, until it is ended."""

import asyncio
import gc
import sys

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Response, get

from kumihimo.run.loopback import HOST, answering


async def serve(port: int, size: int) -> None:
    """Serve it; prints one line when it answers."""
    text = "x" * size

    @get("/")
    async def page() -> Response[str]:
        return Response(text, media_type="text/html")

    app = Litestar([page], openapi_config=None, logging_config=None)
    server = Server(app, address=HOST, port=port, interface=Interfaces.ASGI, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    await answering(f"http://{HOST}:{port}")
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    await serving


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
