"""A room's doors as a page that a person can read: plain HTML, no script, nothing from elsewhere.

Made from the same OpenAPI description that programs read (`/schema/openapi.json`), with the law
that each door rests on and who may call it.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final, cast

import msgspec
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from typing_extensions import override

from kumihimo.kernel.message import PROBLEM_TYPE
from kumihimo.kernel.refusal import Problem

_STYLE: Final = (
    "body{font-family:sans-serif;line-height:1.6;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h2{border-top:1px solid #767676;padding-top:1rem;margin-top:2.5rem}"
    "code{font-size:1rem}table{border-collapse:collapse;margin:.5rem 0 1rem}"
    "th,td{border:1px solid #767676;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    "dt{font-weight:bold}"
)

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
        for path, operations in openapi_schema["paths"].items():
            for method, operation in operations.items():
                parts += _operation(path, method, operation, laws.get((path, method), {}), schemas)
        parts.append("</main></body></html>")
        return "".join(parts).encode()


def _handlers(request: Request[Any, Any, Any]) -> Iterator[tuple[str, Any]]:
    for route in request.app.routes:
        for handler in getattr(route, "route_handlers", []):
            yield route.path, handler


def _operation(
    path: str, method: str, operation: Schema, law: Schema, schemas: Schema
) -> Iterator[str]:
    yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
    yield f"<p>{_text(operation.get('description') or operation.get('summary', ''))}</p>"
    yield f"<dl><dt>Rests on</dt><dd>{_text(law.get('authority', ''))}</dd>"
    yield f"<dt>Callers</dt><dd>{_text(', '.join(law.get('callers', ())))}</dd></dl>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<h3>In the address</h3>"
        yield from _table(
            (p["name"], _kind(p.get("schema", {})), p.get("required", False), p.get("description"))
            for p in parameters
        )
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<h3>Sent: <code>{escape(media)}</code></h3>"
        yield from _body(content.get("schema", {}), schemas, set())
    for status, answer in operation.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        for content in answer.get("content", {}).values():
            yield f"<h3>Answered: {escape(status)}</h3>"
            yield from _body(content.get("schema", {}), schemas, set())


def _body(schema: Schema, schemas: Schema, told: set[str]) -> Iterator[str]:
    """Tell a struct and, below it, the structs that it holds, each once."""
    name = _name(schema)
    found: Schema = schemas.get(name, schema)
    if name in told or not (found.get("properties") or found.get("description")):
        return
    told.add(name)
    yield f"<h4>{escape(name)}</h4><p>{_text(found.get('description', ''))}</p>"
    fields: Schema = found.get("properties", {})
    required = set(found.get("required", ()))
    yield from _table(
        (field, _kind(kind), field in required, kind.get("description"))
        for field, kind in fields.items()
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


def _table(rows: Iterator[tuple[str, str, bool, str | None]]) -> Iterator[str]:
    yield "<table><tr><th>name<th>kind<th>needed<th>meaning"
    for name, kind, needed, meaning in rows:
        yield f"<tr><td><code>{escape(name)}</code><td>{escape(kind)}"
        yield f"<td>{'yes' if needed else 'no'}<td>{_text(meaning or '')}"
    yield "</table>"


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
    return escape(" ".join(text.split()))
