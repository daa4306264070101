"""Routes whose functions are one piece of code share what the framework works out of it, and no more."""

import asyncio

import httpx2
import msgspec
import pytest
from litestar import Litestar, Response
from litestar.handlers import get as plain_get
from litestar.handlers import post as plain_post
from litestar.params import FromQuery, JSONBody

from kumihimo.kernel.door import own_routes
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.routes import get, of_one_room, post
from kumihimo.kernel.wire import decode_strictly


class Word(msgspec.Struct, forbid_unknown_fields=True):
    word: str


class Number(msgspec.Struct, forbid_unknown_fields=True):
    number: int


def taking(kind, path, *, make=post):
    """Return a route that takes one kind of value and gives it back: one code, whatever the kind."""

    async def echo(data):
        return data

    echo.__annotations__ = {"data": JSONBody[kind], "return": kind}
    return make(path)(echo)


def showing(path, *, make=get):
    async def shown() -> Response[str]:
        return Response(path)

    return make(path)(shown)


def asked(app, method, path, **more):
    async def whole():
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://room") as http:
            return await http.request(method, path, **more)

    return asyncio.run(whole())


def of_room(*handlers):
    return Litestar([of_one_room("/", handlers)], openapi_config=None)


def test_routes_of_one_code_share_their_form_and_answer_each_for_itself():
    app = of_room(showing("/one"), showing("/other"))
    one, other = (handler for _, handler in own_routes(app))
    assert one.parsed_fn_signature.return_type is other.parsed_fn_signature.return_type
    assert one.signature_model is other.signature_model
    assert [asked(app, "GET", path).text for path in ("/one", "/other")] == ["/one", "/other"]


def test_what_the_framework_puts_in_where_it_describes_a_route_is_not_the_next_ones():
    def of_address():
        @get("/below/{word:path}")
        async def found() -> Response[str]:
            return Response("found")

        return Litestar([of_one_room("/", [found])])

    for _ in range(2):
        app = of_address()
        described = app.openapi_schema.to_schema()["paths"]["/below/{word}"]["get"]
        assert [one["name"] for one in described["parameters"]] == ["word"]
        assert asked(app, "GET", "/below/a/b").text == "found"


def test_what_one_route_takes_is_not_taken_by_another_of_the_same_code():
    app = of_room(taking(Word, "/word"), taking(Number, "/number"))
    assert asked(app, "POST", "/word", json={"word": "a"}).json() == {"word": "a"}
    assert asked(app, "POST", "/number", json={"number": 1}).json() == {"number": 1}
    assert asked(app, "POST", "/number", json={"word": "a"}).status_code == 400
    assert asked(app, "POST", "/word", json={"number": 1}).status_code == 400
    forms = {
        path: handler.parsed_fn_signature.parameters["data"].annotation
        for path, handler in own_routes(app)
    }
    assert forms == {"/word": Word, "/number": Number}
    with pytest.raises(BadInput):
        decode_strictly(b'{"number": 1}', forms["/word"])


def test_a_value_that_may_be_left_out_is_each_routes_own():
    def of(otherwise):
        @get(f"/{otherwise}")
        async def found(word: FromQuery[str] = otherwise) -> Response[str]:
            return Response(word)

        return found

    app = of_room(of("a"), of("b"))
    assert [asked(app, "GET", path).text for path in ("/a", "/b")] == ["a", "b"]
    assert asked(app, "GET", "/b?word=c").text == "c"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/both", "GET, OPTIONS, POST"),
        ("/one", "GET, OPTIONS"),
        ("/below/{name:str}", "GET, OPTIONS"),
        ("/none", None),
    ],
)
def test_an_address_answers_options_with_its_methods_and_else_as_the_framework_does(path, methods):
    def routes(of, to):
        return [
            showing("/both", make=of),
            taking(Word, "/both", make=to),
            showing("/one", make=of),
            showing("/below/{name:str}", make=of),
        ]

    ours = of_room(*routes(get, post))
    theirs = Litestar(routes(plain_get, plain_post), openapi_config=None)
    answers = [asked(app, "OPTIONS", path.replace("{name:str}", "x")) for app in (ours, theirs)]
    assert answers[0].headers.get("allow") == methods
    for answer in answers:
        answer.headers.pop("allow", None)  # the framework leaves out what was registered second
    told = [(one.status_code, dict(one.headers), one.content) for one in answers]
    assert told[0] == told[1]
    assert (answers[0].status_code == 204) == (methods is not None)


def test_what_stands_before_a_rooms_routes_stands_before_options_too():
    begun = []

    async def seen(request) -> None:
        begun.append((request.method, request.url.path))

    inner = of_one_room("/inner", [showing("/page")], before_request=seen)
    app = Litestar([of_one_room("/", [showing("/page"), inner])], openapi_config=None)
    for path in ("/page", "/inner/page"):
        for method in ("GET", "OPTIONS"):
            assert asked(app, method, path).is_success
    assert begun == [("GET", "/inner/page"), ("OPTIONS", "/inner/page")]


def test_a_method_that_an_address_has_not_is_refused():
    app = of_room(showing("/page"))
    answer = asked(app, "POST", "/page")
    assert answer.status_code == 405
    assert "POST" not in answer.headers.get("allow", "")
