"""One institution of a gateway, opened for what its operator does by hand."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import KeyFileUnsafe
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.rooms.gateway.context import Gateway, Tenant
from kumihimo.rooms.gateway.settings import Settings
from kumihimo.run.law_in_force import ListInForce
from kumihimo.statute.deployment import Deployment

T = TypeVar("T")


async def within(
    config: Path, institution: str, act: Callable[[Gateway, Tenant], Awaitable[T]]
) -> T:
    """Open a gateway's database and act for one institution; raises `BadInput`, `BadSettings`."""
    settings = load(config, Settings)
    entropy = SystemEntropy()
    try:
        tenant = settings.hosted(beside=config, entropy=entropy).get(institution)
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    if tenant is None:
        raise BadInput("this gateway does not host that institution", pointer="institution")
    net = settings.net()
    gateway = settings.gateway(
        beside=config,
        book=settings.book(),
        law=ListInForce(Deployment().positive_list()),
        net=net,
        clock=SystemClock(),
        entropy=entropy,
    )
    await gateway.database.open()
    try:
        return await act(gateway, tenant)
    finally:
        await gateway.database.close()
        await net.close()


async def followed(
    config: Path, institution: str, act: Callable[[Gateway, Tenant], Awaitable[T]]
) -> T:
    """As `within`, for what asks other parties: their keys come from oversight's directory."""
    settings = load(config, Settings)

    async def following(gateway: Gateway, tenant: Tenant) -> T:
        follower = settings.follower(gateway.book, gateway.database)
        try:
            await follower.start()
            return await act(gateway, tenant)
        finally:
            await follower.close()

    return await within(config, institution, following)
