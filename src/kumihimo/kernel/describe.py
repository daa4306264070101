"""A room's doors as a page that a person can read: plain HTML, no script, nothing from elsewhere.

Made from the same OpenAPI description that programs read (`/schema/openapi.json`), with the law
that each door rests on and who may call it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final, cast

import attrs
import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from typing_extensions import override

from kumihimo.kernel.message import PROBLEM_TYPE
from kumihimo.kernel.refusal import Problem

_STYLE: Final = (
    "body{font-family:sans-serif;line-height:1.6;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}h1{margin-bottom:0}h2{margin-top:3rem}"
    "section{border-top:1px solid #949494;margin-top:2.5rem}h3{margin:1.2rem 0 .5rem}"
    "h4{margin:1.2rem 0 .3rem}h5{margin:1rem 0 .2rem;font-size:1rem}p{margin:.3rem 0 .6rem}"
    "code{font-size:1em;overflow-wrap:anywhere}nav ul{padding-left:1.2rem}"
    "table{border-collapse:collapse;margin:.5rem 0 1rem}a{color:#0017c1}"
    "th,td{border:1px solid #949494;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "th{background:#f2f2f2}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}"
    "dt{font-weight:bold}dd{margin:0}"
)
# What stands above the two kinds of doors: those for people and programs, those between rooms.
_OUTSIDE: Final = (
    "人と業務システムのために For people and business systems",
    "Most take the header <code>Authorization: Bearer …</code>; the others say what else they take.",
)
_BETWEEN: Final = (
    "機関・部屋どうしの署名付き電文 Signed messages between parties",
    "Each message is signed (RFC 9421, RFC 9530) by a party that stands in the directory.",
)

_NAME: Final = re.compile("`([^`]+)`")
_REF: Final = "#/components/schemas/{name}"

Schema = Mapping[str, Any]


class Described(JsonRenderPlugin):
    """Renders the description for programs: the forms just as the doors check them."""

    @override
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the JSON."""
        return msgspec.json.encode(_true(request, openapi_schema))


def _true(request: Request[Any, Any, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the framework's description with what it leaves out or guesses put right.

    The forms of messages come from msgspec, which is what checks them; whatever is not done is
    told by a problem detail (RFC 9457), and not by the framework's own form.
    """
    forms = {
        (path, method.lower()): _forms(handler)
        for path, handler in _handlers(request)
        for method in handler.http_methods
    }
    structs = {form for pair in forms.values() for form in pair if form is not None}
    refs, components = msgspec.json.schema_components((*structs, Problem), ref_template=_REF)
    known = dict(zip((*structs, Problem), refs, strict=True))
    refused = {
        "description": "Refused; `type` says why",
        "content": {PROBLEM_TYPE: {"schema": known[Problem]}},
    }
    paths = {
        path: {
            method: _operation_with(operation, forms.get((path, method), (None, None)), known)
            for method, operation in operations.items()
        }
        for path, operations in schema["paths"].items()
    }
    told = {
        **schema.get("components", {}),
        "schemas": components,
        "responses": {"Problem": refused},
    }
    return {**schema, "paths": paths, "components": told}


def _forms(handler: Any) -> tuple[Any, Any]:  # noqa: ANN401 - the framework's handler
    """Return the structs that a door takes and answers with, where it has them."""
    signature = handler.parsed_fn_signature
    sent = signature.parameters.get("data")
    found = (sent.annotation if sent else None, signature.return_type.annotation)
    taken, answered = (form if _is_struct(form) else None for form in found)
    return taken, answered


def _operation_with(
    operation: Schema, forms: tuple[Any, Any], known: Mapping[Any, Any]
) -> dict[str, Any]:
    taken, answered = forms
    found = dict(operation)
    if taken is not None:
        content = {"application/json": {"schema": known[taken]}}
        found["requestBody"] = {"required": True, "content": content}
    answers = {status: one for status, one in operation["responses"].items() if status[0] == "2"}
    for status, one in answers.items():
        if answered is not None:
            content = {"application/json": {"schema": known[answered]}}
            answers[status] = {**one, "content": content}
    found["responses"] = {**answers, "default": {"$ref": "#/components/responses/Problem"}}
    return found


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


class PlainPage(OpenAPIRenderPlugin):
    """Renders the description as one page of headings and tables."""

    def __init__(self) -> None:
        super().__init__(path="/")

    @override
    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        openapi_schema = _true(request, openapi_schema)
        laws = {
            (path, method.lower()): handler.opt
            for path, handler in _handlers(request)
            for method in handler.http_methods
        }
        title = escape(str(openapi_schema["info"]["title"]))
        parts: list[str] = []
        parts.append(
            f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
            f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style></head>"
            f"<body><h1>{title}</h1><p>For programs: <a href=openapi.json>openapi.json</a></p><main>"
        )
        schemas: Schema = openapi_schema.get("components", {}).get("schemas", {})
        doors = [
            _Door(path, method, operation, laws.get((path, method), {}))
            for path, operations in openapi_schema["paths"].items()
            for method, operation in operations.items()
        ]
        outside = [door for door in doors if door.law.get("unsigned")]
        between = [door for door in doors if not door.law.get("unsigned")]
        groups = [(_OUTSIDE, outside), (_BETWEEN, between)]
        parts += _contents([(words, found) for words, found in groups if found])
        for (heading, words), found in groups:
            if found:
                parts.append(f"<h2>{heading}</h2><p>{words}</p>")
            for door in found:
                parts += _section(door, schemas)
        parts.append("</main></body></html>")
        return "".join(parts).encode()


@attrs.frozen
class _Door:
    path: str
    method: str
    operation: Schema
    law: Schema

    @property
    def anchor(self) -> str:
        return f"{self.method}{self.path.replace('/', '-')}"

    @property
    def words(self) -> str:
        return " ".join(
            str(self.operation.get("description") or self.operation.get("summary", "")).split()
        )

    @property
    def takes(self) -> str:
        """Say what a caller has to show."""
        if not self.law.get("unsigned"):
            return "a signed message"
        return "a bearer token" if self.operation.get("security") else "nothing beforehand"


def _contents(groups: Sequence[tuple[tuple[str, str], Sequence[_Door]]]) -> Iterator[str]:
    yield "<nav aria-label='目次 Contents'>"
    for (heading, _), doors in groups:
        yield f"<p><b>{heading}</b></p><ul>"
        for door in doors:
            name = f"{door.method.upper()} {escape(door.path)}"
            first, _, _ = door.words.partition(". ")
            yield f"<li><a href='#{escape(door.anchor)}'><code>{name}</code></a>"
            yield f" {_text(first.removesuffix('.'))}"
        yield "</ul>"
    yield "</nav>"


def _handlers(request: Request[Any, Any, Any]) -> Iterator[tuple[str, Any]]:
    for route in request.app.routes:
        for handler in getattr(route, "route_handlers", []):
            yield route.path, handler


def _section(door: _Door, schemas: Schema) -> Iterator[str]:
    operation, law = door.operation, door.law
    yield f"<section id='{escape(door.anchor)}'>"
    yield f"<h3><code>{door.method.upper()} {escape(door.path)}</code></h3>"
    yield f"<p>{_text(door.words)}</p>"
    yield f"<dl><dt>根拠 Rests on</dt><dd>{_text(law.get('authority', ''))}</dd>"
    yield f"<dt>呼び出せる者 Callers</dt><dd>{_text(', '.join(law.get('callers', ())))}</dd>"
    yield f"<dt>示すもの To show</dt><dd>{door.takes}</dd></dl>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<h4>In the address</h4>"
        yield from _table(
            [
                (p["name"], _kind(p.get("schema", {})), p.get("required", False), _meaning(p))
                for p in parameters
            ]
        )
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<h4>送る Sent: <code>{escape(media)}</code></h4>"
        yield from _body(content.get("schema", {}), schemas, set())
    for status, answer in operation.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        for content in answer.get("content", {}).values():
            yield f"<h4>返る Answered: {escape(status)}</h4>"
            yield from _body(content.get("schema", {}), schemas, set())
    yield "</section>"


def _body(schema: Schema, schemas: Schema, told: set[str]) -> Iterator[str]:
    """Tell a struct and, below it, the structs that it holds, each once."""
    name = _name(schema)
    found: Schema = schemas.get(name, schema)
    if name in told or not (found.get("properties") or found.get("description")):
        return
    told.add(name)
    yield f"<h5>{escape(name)}</h5><p>{_text(found.get('description', ''))}</p>"
    fields: Schema = found.get("properties", {})
    required = set(found.get("required", ()))
    yield from _table(
        [(field, _kind(kind), field in required, _meaning(kind)) for field, kind in fields.items()]
    )
    for kind in fields.values():
        for inner in _inner(kind):
            yield from _body(inner, schemas, told)


def _inner(schema: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        yield schema
    for part in (schema.get("items"), *_choices(schema), *schema.get("prefixItems", ())):
        if isinstance(part, Mapping):
            yield from _inner(cast("Schema", part))


def _table(rows: Sequence[tuple[str, str, bool, str]]) -> Iterator[str]:
    """Tell names and kinds; a column of meanings only where something stands in it."""
    told = any(meaning for *_, meaning in rows)
    yield f"<table><tr><th>name<th>kind<th>needed{'<th>meaning' if told else ''}"
    for name, kind, needed, meaning in rows:
        yield f"<tr><td><code>{escape(name)}</code><td>{escape(kind)}"
        yield f"<td>{'yes' if needed else 'no'}{f'<td>{_text(meaning)}' if told else ''}"
    yield "</table>"


def _meaning(schema: Schema) -> str:
    return str(schema.get("description") or "")


def _choices(schema: Schema) -> Sequence[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or ()


def _name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _kind(schema: Schema) -> str:
    """Say what a value is, in a few words."""
    if "$ref" in schema:
        return _name(schema)
    if choices := _choices(schema):
        return " or ".join(_kind(one) for one in choices)
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    words = [
        str(schema.get("type", "anything")),
        schema.get("format", ""),
        schema.get("pattern", ""),
    ]
    return " ".join(word for word in words if word)


def _text(text: str) -> str:
    """Return words as HTML; what the code marks as a name is one here too."""
    return _NAME.sub(r"<code>\1</code>", escape(" ".join(text.split())))
