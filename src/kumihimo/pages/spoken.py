"""Templates in one language: what they say is chosen when they are compiled, not for each page anew.

A template says a text by `t(japanese, english, easy)`. Each language has the templates compiled for
itself, in which every such call is the text, escaped, where that is known.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any, Final, Literal

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer
from typing_extensions import override

from kumihimo.pages import furigana

# `easy` is やさしい日本語: where a page has no such words it says the Japanese ones.
# `furigana` is the Japanese ones with their readings.
Language = Literal["ja", "easy", "en", "furigana"]
_TELLER: Final = "t"
_TEXTS: Final = range(2, 4)  # the Japanese one and the English one, and perhaps the easy one


def teller(language: Language) -> Callable[..., str]:
    """Return what says a text in a language."""

    def tell(japanese: str, english: str, easy: str = "") -> str:
        if language == "en":
            return english
        if language == "furigana":
            return furigana.marked(japanese)
        return easy if language == "easy" and easy else japanese

    return tell


class SpokenTemplates(Environment):
    """An environment of Jinja whose templates speak one language."""

    def __init__(self, language: Language, **more: Any) -> None:  # noqa: ANN401 - Jinja's own
        super().__init__(**more)
        self._choosing = _Choosing(language)

    @override
    def compile(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        source: str | nodes.Template,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> CodeType | str:
        parsed = self.parse(source, name, filename) if isinstance(source, str) else source
        chosen = self._choosing.visit(parsed)
        return super().compile(chosen, name, filename, raw, defer_init)


class _Choosing(NodeTransformer):
    """Puts the text of a language in the place of each call of `t`."""

    def __init__(self, language: Language) -> None:
        self._language: Language = language
        self._tell = teller(language)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - as Jinja calls it
        """Choose, unless readings are to be marked in what is only known later."""
        self.generic_visit(node)
        if not _says_a_text(node):
            return node
        texts = [one.value for one in node.args if isinstance(one, nodes.Const)]
        if len(texts) == len(node.args):
            return nodes.Const(self._tell(*texts), lineno=node.lineno)
        match self._language:
            case "furigana":
                return node
            case "en":
                return node.args[1]
            case "easy" if len(node.args) == _TEXTS[-1]:
                return nodes.Or(node.args[2], node.args[0], lineno=node.lineno)
            case _:
                return node.args[0]


def _says_a_text(node: nodes.Call) -> bool:
    """Say whether it is `t` with a text in each language; one that is handed in whole is chosen later."""
    called = node.node
    named = isinstance(called, nodes.Name) and called.name == _TELLER
    more = node.kwargs or node.dyn_args or node.dyn_kwargs
    return named and not more and len(node.args) in _TEXTS
