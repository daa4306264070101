"""A room's routes. What the framework works out of a route's function, it works out once.

A room's pages are functions that are made anew for each page, and take and give the same; and every
address answers OPTIONS alike.
"""

from collections.abc import Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any, Final, Self

from litestar import Request, Response, Router
from litestar.enums import HttpMethod, MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler
from litestar.utils.signature import ParsedSignature
from typing_extensions import override

_SIGNATURES: Final[dict[object, ParsedSignature]] = {}
_MODELS: Final[dict[object, Any]] = {}


class Route(HTTPRouteHandler):
    """A route; those whose functions are one piece of code, with the same types, share their form."""

    @property
    @override
    def parsed_fn_signature(self) -> ParsedSignature:
        form = _form(self.fn)
        if form is None:
            return super().parsed_fn_signature
        if form not in _SIGNATURES:
            _SIGNATURES[form] = super().parsed_fn_signature
        # Where the framework describes an address it puts those of the address among a function's
        # parameters, and would then take them for the function's own.
        shared = _SIGNATURES[form]
        return replace(shared, parameters=dict(shared.parameters))

    @property
    @override
    def signature_model(self) -> Any:
        form = _form(self.fn)
        if form is None:
            return super().signature_model
        if form not in _MODELS:
            _MODELS[form] = super().signature_model
        return _MODELS[form]


def _form(function: object) -> object:
    """Return what is the same of functions that take and give the same, or None where that is unknown."""
    if not isinstance(function, FunctionType) or function.__defaults__ or function.__kwdefaults__:
        return None
    return function.__code__, tuple(function.__annotations__.items())


def get(path: str, **how: Any) -> Route:  # noqa: ANN401 - the framework's own parameters
    """Return what makes a function the route that answers GET."""
    return Route(path, http_method=HttpMethod.GET, **how)


def post(path: str, **how: Any) -> Route:  # noqa: ANN401
    """Return what makes a function the route that answers POST."""
    return Route(path, http_method=HttpMethod.POST, **how)


class _OfOneRoom(Router):
    """Routes of one room: it is them that are registered, and no copy.

    The framework copies a router with all that stands in it, handler by handler, and its door, too,
    which would count anew.
    """

    def __deepcopy__(self, _: object) -> Self:
        return self


def of_one_room(path: str, handlers: Sequence[ControllerRouterHandler], **more: Any) -> Router:  # noqa: ANN401
    """Return routes below a path; `more` goes to the framework.

    Of themselves the framework would make a route for OPTIONS of each, as costly as it is.
    """
    paths = {one for each in handlers if isinstance(each, HTTPRouteHandler) for one in each.paths}
    own = [_options(sorted(paths))] if paths else []
    return _OfOneRoom(path, route_handlers=[*own, *handlers], **more)


def _options(paths: Sequence[str]) -> HTTPRouteHandler:
    @Route([*paths], http_method=HttpMethod.OPTIONS, status_code=204, include_in_schema=False)
    async def options_handler(request: Request[Any, Any, Any]) -> Response[None]:
        """Say which methods an address has, as the framework does."""
        at = request.scope["path_template"]
        [route] = [one for one in request.app.routes if one.path_format == at]
        assert isinstance(route, HTTPRoute), "it is asked by HTTP"
        allowed = ", ".join(sorted(route.methods))
        return Response(
            None, status_code=204, headers={"allow": allowed}, media_type=MediaType.TEXT
        )

    return options_handler
