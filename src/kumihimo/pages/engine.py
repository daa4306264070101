"""Renders pages: escaped by default, without script, in Japanese or English, never kept anywhere.

A room brings its own templates; components and style come from here, so that staff and citizens
meet the same ones. `tokens.css` is the Digital Agency's (see `static/tokens.LICENSE`).
"""

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import attrs
from jinja2 import ChoiceLoader, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from kumihimo.kernel.door import lawful
from kumihimo.kernel.routes import get
from kumihimo.pages import furigana
from kumihimo.pages.spoken import Language, SpokenTemplates, teller

LANGUAGES: Final[tuple[Language, ...]] = ("ja", "easy", "en", "furigana")

STYLES: Final = ("tokens.css", "components.css")
_YEAR_S: Final = 31_536_000


@attrs.frozen
class Pages:
    """The templates of one room over the common components."""

    package: str

    @classmethod
    def of(cls, package: str) -> "Pages":
        """Return the pages whose templates are in `package`/templates."""
        return cls(package)

    def render(
        self, name: str, *, language: Language, status: int = 200, **context: object
    ) -> Response[str]:
        """Return a page. In templates `t(japanese, english, easy)` says a text."""
        text = (
            _templates(self.package, language)
            .get_template(name)
            .render(
                t=teller(language),
                language=language,
                styles=[style_address(one) for one in STYLES],
                **context,
            )
        )
        if language == "furigana":
            text = furigana.shown(text)
        return Response(text, status_code=status, media_type="text/html")


@cache
def _templates(package: str, language: Language) -> SpokenTemplates:
    """Return the templates of a package, one for all: to compile a page costs more than to show it."""
    loader = ChoiceLoader(
        [PackageLoader(package, "templates"), PackageLoader("kumihimo.pages", "templates")]
    )
    return SpokenTemplates(
        language,
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def style_routes() -> list[HTTPRouteHandler]:
    """Return the routes that serve the style sheets."""
    return [_style(name) for name in STYLES]


@cache
def _sheet(name: str) -> bytes:
    return (files("kumihimo.pages") / "static" / name).read_bytes()


@cache
def _shrunk(name: str) -> bytes:
    return gzip.compress(_sheet(name), mtime=0)


@cache
def _digest(name: str) -> str:
    return hashlib.sha256(_sheet(name)).hexdigest()[:16]


def style_address(name: str) -> str:
    """Return where a page finds a style sheet: another address for other contents."""
    return f"/style/{name}?of={_digest(name)}"


def _style(name: str) -> HTTPRouteHandler:
    sheet, digest, small = _sheet(name), _digest(name), _shrunk(name)

    @get(f"/style/{name}", opt=lawful(authority="operations: style", callers=("anyone",)))
    async def style(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Serve a style sheet; at the address that a page names it is good for ever."""
        named = request.query_params.get("of") == digest
        headers = {
            "cache-control": f"public, max-age={_YEAR_S}, immutable" if named else "max-age=3600",
            "vary": "accept-encoding",
        }
        shrunk = "gzip" in request.headers.get("accept-encoding", "")
        if shrunk:
            headers["content-encoding"] = "gzip"
        return Response(small if shrunk else sheet, media_type="text/css", headers=headers)

    return style
