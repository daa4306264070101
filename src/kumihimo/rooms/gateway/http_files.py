"""A file in a request: its form and encoding from the content type, its bytes as they came."""

from email.message import Message
from typing import Any, Final

from litestar import Request
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.gateway.copies import File
from kumihimo.rooms.gateway.domain.files import Encoding, Form

FORMS: Final[dict[str, Form]] = {
    "text/csv": "csv",
    "application/json": "json",
    "application/x-ndjson": "json",
}
ENCODINGS: Final[dict[str, Encoding]] = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "cp932": "cp932",
    "windows-31j": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
}


async def file_of(request: Request[Any, Any, Any], *, layout: str, skip_bad: bool) -> File:
    """Return the file of a request; raises `BadInput` for a content type that is not taken."""
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    form = FORMS.get(header.get_content_type())
    if form is None:
        known = ", ".join(FORMS)
        raise BadInput(f"the content type is one of {known}", pointer="content-type")
    charset = header.get_content_charset()
    encoding = ENCODINGS.get(charset) if charset else None
    if charset and encoding is None:
        raise BadInput("the charset is utf-8 or cp932 (shift_jis)", pointer="content-type")
    return File(
        content=await request.body(),
        layout=layout,
        form=form,
        encoding=encoding,
        skip_bad=skip_bad,
    )


class FileOperation(Operation):
    """Describes a request body that is a file."""

    def __post_init__(self) -> None:
        """Say which files are taken."""
        content = {
            name: OpenAPIMediaType(schema=Schema(type=None, description="A file with a header."))
            for name in FORMS
        }
        self.request_body = RequestBody(content=content, required=True)
