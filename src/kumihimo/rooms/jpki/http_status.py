"""jpki's open door for questions about status: OCSP over HTTP (RFC 6960, appendix A)."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import unquote

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from kumihimo.kernel.door import lawful
from kumihimo.rooms.jpki import api
from kumihimo.rooms.jpki.domain import ocsp
from kumihimo.rooms.jpki.ocsp import OcspService

Asked = Request[Any, Any, Any]

PURPOSE_HEADER: Final = "kumihimo-purpose"
REQUEST_MAX: Final = 16 * 1024  # a hundred certificates by SHA-256 are under 12 KB
_ANSWER_TYPE: Final = "application/ocsp-response"
_ASKED_TYPE: Final = "application/ocsp-request"
_DEFAULT_PURPOSE: Final = "signature_verification"


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
        if request.headers.get("content-type", "").partition(";")[0] != _ASKED_TYPE:
            return _malformed()
        return await answer(request, await request.body())

    @get(api.OCSP_ADDRESS_PATH, opt=law)
    async def ask_by_address(request: Asked) -> Response[bytes]:
        """Ask with the request in the address, in base64 (RFC 6960, A.1)."""
        path: str = request.scope["path"]
        encoded = unquote(path.partition(f"{api.OCSP_PATH}/")[2])
        try:
            asked = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return _malformed()
        return await answer(request, asked)

    return [ask, ask_by_address]


def _malformed() -> Response[bytes]:
    return Response(ocsp.unsuccessful("malformed-request"), media_type=_ANSWER_TYPE)
