"""jpki's open doors for questions about status: OCSP over HTTP (RFC 6960, appendix A).

The same answers at the room's own address and at one of their own, which serves many times as many.
"""

import base64
import binascii
from typing import Any, Final
from urllib.parse import unquote

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from kumihimo.kernel import plain_http
from kumihimo.kernel.door import Reporter, lawful
from kumihimo.kernel.routes import get, post
from kumihimo.rooms.jpki import api
from kumihimo.rooms.jpki.domain import ocsp
from kumihimo.rooms.jpki.ocsp import OcspService

Asked = Request[Any, Any, Any]

PURPOSE_HEADER: Final = "kumihimo-purpose"
REQUEST_MAX: Final = 16 * 1024  # a hundred certificates by SHA-256 are under 12 KB
_ANSWER_TYPE: Final = "application/ocsp-response"
_ASKED_TYPE: Final = "application/ocsp-request"
_DEFAULT_PURPOSE: Final = "signature_verification"
_NO_QUESTION: Final = b""  # what comes in another form than RFC 6960's is malformed


def status_routes(service: OcspService) -> list[HTTPRouteHandler]:
    """Return the routes of OCSP. Who asks shows a token (HTTP Basic) and may tell the purpose."""
    law: dict[str, Any] = {
        **lawful(authority="JPKI Act art. 18(1), 37(1)", callers=("registered verifier",)),
        "unsigned": True,
    }

    async def answer(request: Asked, asked: bytes) -> Response[bytes]:
        told = await service.answer(
            asked,
            authorization=request.headers.get("authorization", ""),
            purpose=request.headers.get(PURPOSE_HEADER, _DEFAULT_PURPOSE),
        )
        return Response(told, media_type=_ANSWER_TYPE, headers={"cache-control": "no-store"})

    @post(api.OCSP_PATH, status_code=200, opt=law, request_max_body_size=REQUEST_MAX)
    async def ask(request: Asked) -> Response[bytes]:
        """Ask for the status of certificates: an `application/ocsp-request` (RFC 6960, A.1)."""
        kind = request.headers.get("content-type", "")
        return await answer(request, await request.body() if _is_question(kind) else _NO_QUESTION)

    @get(api.OCSP_ADDRESS_PATH, opt=law)
    async def ask_by_address(request: Asked) -> Response[bytes]:
        """Ask with the request in the address, in base64 (RFC 6960, A.1)."""
        # As it was sent: in `path` the framework has made one slash of two, and base64 may have two.
        return await answer(request, _in_address(request.scope["raw_path"].decode("latin-1")))

    return [ask, ask_by_address]


def status_answerer(service: OcspService, report: Reporter) -> plain_http.Answerer:
    """Return what answers at the address of status alone: under the same paths, in the same words."""

    async def answer(question: plain_http.Question) -> plain_http.Answer:
        path, headers = question.path.decode("latin-1"), question.headers
        if question.method == b"POST" and path == api.OCSP_PATH:
            kind = headers.get(b"content-type", b"").decode("latin-1")
            asked = question.body if _is_question(kind) else _NO_QUESTION
        elif question.method == b"GET" and path.startswith(api.OCSP_PATH + "/"):
            asked = _in_address(path)
        else:
            return plain_http.NOT_FOUND
        purpose = headers.get(PURPOSE_HEADER.encode())
        try:
            told = await service.answer(
                asked,
                authorization=headers.get(b"authorization", b"").decode("latin-1"),
                purpose=_DEFAULT_PURPOSE if purpose is None else purpose.decode("latin-1"),
            )
        except Exception as error:  # noqa: BLE001 - a bug is reported, and is no answer to anybody
            report("ocsp", error)
            told = ocsp.unsuccessful("internal-error")
        return plain_http.Answer(b"200 OK", _ANSWER_TYPE.encode(), told)

    return answer


def _is_question(content_type: str) -> bool:
    return content_type.partition(";")[0].strip() == _ASKED_TYPE


def _in_address(path: str) -> bytes:
    encoded = unquote(path.partition(f"{api.OCSP_PATH}/")[2])
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return _NO_QUESTION
