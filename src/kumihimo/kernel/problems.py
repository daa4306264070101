"""Refusals and mistakes as an application of a room tells them: problem details (RFC 9457).

Never the input itself: a field's name or a position is all that is told of it.
"""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from kumihimo.kernel.asgi import RETRY_AFTER, refused
from kumihimo.kernel.refusal import Problem, Refusal

Reporter = Callable[[str, Exception], None]


def _answer_problem(problem: Problem) -> Response[bytes]:
    told = refused(problem)
    headers = {name: value for name, value in told.headers.items() if name == RETRY_AFTER}
    return Response(
        told.body, status_code=told.status, media_type=told.content_type, headers=headers
    )


def on_refusal(_: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    """Answer a refusal by its name."""
    return _answer_problem(refusal.problem())


def on_validation(_: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """Answer what does not have the form asked for."""
    # Only the key of the field and the rule are told; the library's text may quote the value.
    found: Any = error.extra if isinstance(error.extra, list) else []
    keys = [str(item["key"]) for item in found if "key" in item]
    detail = "Check the form of: " + ", ".join(k for k in keys if k) if any(keys) else ""
    return _answer_problem(
        Problem(
            type="urn:kumihimo:bad-input",
            title="The input does not have the form asked for",
            status=400,
            detail=detail,
        )
    )


HTTP_TITLES: Final = {
    401: ("not-authentic", "The caller could not be authenticated"),
    403: ("not-allowed", "You may not do this"),
    404: ("not-found", "No such record for you"),
    405: ("method-not-allowed", "This address does not take that method"),
    413: ("too-large", "The request is larger than this door takes"),
    415: ("wrong-media-type", "This address takes another content type"),
    429: ("too-many", "Too many requests; try again later"),
}


def on_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses itself."""
    return _answer_problem(problem_of(error.status_code))


def problem_of(status: int) -> Problem:
    """Return what a door answers by itself under a status."""
    fallback = ("bad-input", "The input does not have the form asked for")
    code, title = HTTP_TITLES.get(status, fallback)
    return Problem(f"urn:kumihimo:{code}", title, status)


def on_bug(report: Reporter) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Return what answers a mistake of the room and reports it."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        report(request.route_handler.name or request.route_handler.handler_name, error)
        title = "The room made a mistake; nothing was done"
        return _answer_problem(Problem("urn:kumihimo:internal", title, 500))

    return handle
