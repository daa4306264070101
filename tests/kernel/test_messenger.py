"""The carrier of short questions: each gets its own answer, whole, and no other's."""

import asyncio
import ipaddress
import ssl
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from kumihimo.kernel import messenger
from kumihimo.kernel.clock import SystemClock
from kumihimo.kernel.messenger import Messenger, Questions
from kumihimo.kernel.net import trusted
from kumihimo.kernel.plain_http import Answer, listening
from kumihimo.run.loopback import HOST, free_port

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Sends what its script says to each question, byte for byte, and counts connections."""

    def __init__(self, *script):
        self.script = list(script)
        self.connections = 0
        self.closed = 0
        self.questions = []

    async def __call__(self, reader, writer):
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    self.closed += 1
                    raise
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                self.questions.append(head + await reader.readexactly(int(length or 0)))
                said = self.script.pop(0) if self.script else OK
                for piece in said if isinstance(said, list) else [said]:
                    if piece is None:
                        break
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.01)
                else:
                    continue
                break


@asynccontextmanager
async def at(server, *, trusts=None, bounds=None, **more):
    """Yield a client of a server on this machine, and where that is."""
    port, begun = free_port(), []

    async def serve(reader, writer):
        begun.append(asyncio.current_task())
        try:
            await server(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    serving = await asyncio.start_server(serve, HOST, port, **more)
    carrier = Messenger(trusts or trusted(), **(bounds or {}))
    address = f"{'https' if more else 'http'}://{HOST}:{port}"
    client = httpx2.AsyncClient(base_url=address, transport=carrier, timeout=0.3)
    async with serving:
        async with client:
            yield client
        await asyncio.gather(*begun)


def told(story):
    asyncio.run(asyncio.wait_for(story(), 30))


def test_question_after_question_goes_over_one_connection_and_each_is_answered():
    async def story():
        seen = []

        async def answer(question):
            seen.append((question.method, question.path, question.headers[b"word"], question.body))
            return Answer(b"201 Created", b"text/plain", b"x" * 200_000 + question.body)

        port = free_port()
        async with (
            listening(answer, HOST, port),
            httpx2.AsyncClient(transport=Messenger(trusted())) as client,
        ):
            for body in (b"", b"one", b"two"):
                url = f"http://{HOST}:{port}/a%2Fb"
                found = await client.post(
                    url, params={"q": "水"}, headers={"word": "w"}, content=body
                )
                assert (found.status_code, found.content) == (201, b"x" * 200_000 + body)
                assert found.headers["content-type"] == "text/plain"
        assert seen[1:] == [
            (b"POST", b"/a%2Fb?q=%E6%B0%B4", b"w", b"one"),
            (b"POST", b"/a%2Fb?q=%E6%B0%B4", b"w", b"two"),
        ]

    told(story)


def test_a_connection_is_used_again_and_those_at_once_have_one_each():
    async def story():
        server = Server()
        async with at(server) as client:
            for _ in range(3):
                assert (await client.get("/")).content == b"ok"
            assert server.connections == 1
            await asyncio.gather(*(client.get("/") for _ in range(4)))
            assert server.connections == 4

    told(story)


def test_an_answer_in_pieces_is_had_whole():
    chunked = [
        b"HTTP/1.1 200 OK\r\ntransfer-en",
        b"coding: chunked\r\n\r\n3\r\nabc\r\n2\r",
        b"\nde\r\n0\r\n\r\n",
    ]
    early = [b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", OK]

    async def story():
        async with at(Server(chunked, early)) as client:
            assert (await client.get("/")).content == b"abcde"
            found = await client.get("/")
            assert (found.status_code, found.content) == (200, b"ok")

    told(story)


@pytest.mark.parametrize(
    "broken",
    [
        [b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", None],
        [None],
        b"what is this\r\n\r\n",
    ],
)
def test_what_is_no_whole_answer_is_none_and_the_question_is_not_sent_again(broken):
    async def story():
        server = Server(OK, broken)
        async with at(server) as client:
            await client.get("/")
            with pytest.raises(httpx2.TransportError):
                await client.post("/do", content=b"it")
            assert len(server.questions) == 2
            assert (await client.get("/")).content == b"ok"
            assert server.connections == 2

    told(story)


def test_an_answer_that_comes_too_late_is_not_the_next_questions():
    async def slow(reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                late = b"/late" in head
                await asyncio.sleep(0.5 if late else 0)
                writer.write(OK.replace(b"ok", b"no") if late else OK)

    async def story():
        async with at(slow) as client:
            with pytest.raises(httpx2.ReadTimeout):
                await client.get("/late")
            gone = asyncio.create_task(client.get("/late"))
            await asyncio.sleep(0.05)
            gone.cancel()
            for _ in range(30):
                assert (await client.get("/")).content == b"ok"
                await asyncio.sleep(0.02)

    told(story)


@pytest.mark.parametrize("more", [OK.replace(b"ok", b"no"), b"x"])
def test_what_nobody_asked_for_is_no_answer_to_the_next_question(more):
    async def story():
        server = Server([OK, more])
        async with at(server) as client:
            assert (await client.get("/")).content == b"ok"
            await asyncio.sleep(0.05)
            assert (await client.get("/")).content == b"ok"
            assert server.connections == 2

    told(story)


def test_two_answers_at_once_are_not_believed_further_than_the_first():
    async def story():
        server = Server(OK + OK.replace(b"ok", b"no"))
        async with at(server) as client:
            assert (await client.get("/")).content == b"ok"
            assert (await client.get("/")).content == b"ok"
            assert server.connections == 2

    told(story)


def test_a_connection_that_the_server_closed_is_not_used():
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"

    async def story():
        server = Server([OK, None], closing)
        async with at(server) as client:
            for connections in (1, 2, 3, 3):
                assert (await client.get("/")).content == b"ok"
                assert server.connections == connections
                await asyncio.sleep(0.05)

    told(story)


@pytest.mark.parametrize(("resting_s", "closed"), [(0.02, 1), (5.0, 0)])
def test_a_connection_that_rested_long_is_closed_though_nobody_asks_again(resting_s, closed):
    async def story():
        server = Server()
        async with at(server, bounds={"resting_s": resting_s}) as client:
            assert (await client.get("/")).content == b"ok"
            await asyncio.sleep(0.1)
            assert server.closed == closed
            assert (await client.get("/")).content == b"ok"
            assert server.connections == 1 + closed

    told(story)


def test_a_connection_that_is_used_is_not_closed_for_having_rested_before():
    async def story():
        server = Server()
        async with at(server, bounds={"resting_s": 0.1}) as client:
            for _ in range(6):
                assert (await client.get("/")).content == b"ok"
                await asyncio.sleep(0.04)
            assert (server.connections, server.closed) == (1, 0)

    told(story)


def test_who_comes_when_too_much_is_under_way_is_told_in_time():
    async def silent(reader, writer):
        await reader.read()

    async def story():
        async with at(silent, bounds={"connections": 2}) as client:
            found = await asyncio.gather(
                *(client.get("/") for _ in range(4)), return_exceptions=True
            )
            kinds = sorted(type(one).__name__ for one in found)
            assert kinds == ["PoolTimeout", "PoolTimeout", "ReadTimeout", "ReadTimeout"]

    told(story)


def test_an_answer_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(messenger, "ANSWER_MAX", 1_000)
    fits = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"x" * 1_000

    async def story():
        async with at(Server(fits, fits.replace(b"1000\r", b"1001\r") + b"x")) as client:
            assert len((await client.get("/")).content) == 1_000
            with pytest.raises(httpx2.TransportError):
                await client.get("/")

    told(story)


@pytest.mark.parametrize("word", ["a\r\nx: y", "a\nx: y", "a\r\n\r\nGET /other HTTP/1.1"])
def test_no_value_begins_another_line_or_question(word):
    async def story():
        server = Server()
        async with at(server) as client:
            with pytest.raises(httpx2.LocalProtocolError):
                await client.get("/", headers={"authorization": word})
            await client.get("/", headers={"authorization": "a"})
            assert len(server.questions) == 1

    told(story)


def test_where_nobody_listens_there_is_no_answer():
    async def story():
        async with httpx2.AsyncClient(transport=Messenger(trusted())) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(f"http://{HOST}:{free_port()}/")
            with pytest.raises(httpx2.UnsupportedProtocol):
                await client.get("ftp://127.0.0.1/")

    told(story)


def test_behind_https_only_who_is_trusted_is_asked(tmp_path):
    cert = certificate(tmp_path)
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(cert)
    knows = ssl.create_default_context(cafile=cert)

    async def story():
        server = Server()
        async with at(server, ssl=serves, trusts=knows) as client:
            assert (await client.get("/")).content == b"ok"
        async with at(server, ssl=serves) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get("/")
        assert len(server.questions) == 1

    told(story)


def certificate(folder):
    """Return a file with a key and a certificate of this machine that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    begins = SystemClock().now() - timedelta(days=1)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=3))
        .add_extension(here, critical=False)
        .sign(key, SHA256())
    )
    path = folder / "here.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_question_says_what_it_was_given_and_nothing_more():
    async def story():
        server = Server()
        async with at(server) as client:
            questions = Questions(Messenger(trusted()), timeout_s=5)
            address = str(client.base_url).rstrip("/")
            kept = messenger._parsed.cache_info().currsize
            for path, body in (("/a%2Fb?q=1", b"{}"), ("/a%2Fb?q=1", b""), ("/c", b"x")):
                answer = await questions.ask(
                    "POST", address + path, headers={"word": "w"}, body=body
                )
                assert (answer.status_code, answer.content) == (200, b"ok")
            assert messenger._parsed.cache_info().currsize == kept + 1, (
                "none that asks for something"
            )
            await questions.close()
        host = address.partition("//")[2].encode()
        for said, path, body in zip(
            server.questions,
            (b"/a%2Fb?q=1", b"/a%2Fb?q=1", b"/c"),
            (b"{}", b"", b"x"),
            strict=True,
        ):
            head, _, rest = said.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            assert first == b"POST " + path + b" HTTP/1.1"
            assert sorted(line.lower() for line in lines) == [
                b"content-length: %d" % len(body),
                b"host: " + host,
                b"word: w",
            ]
            assert rest == body

    told(story)


@pytest.mark.parametrize("script", [[b""], [b"HTTP/1.1 200 OK\r\n", None], [b"nonsense\r\n\r\n"]])
def test_a_question_without_an_answer_is_an_error_in_time(script):
    async def story():
        server = Server(script, OK)
        async with at(server) as client:
            questions = Questions(Messenger(trusted()), timeout_s=0.3)
            with pytest.raises(httpx2.HTTPError):
                await questions.ask("GET", f"{client.base_url}/a", headers={}, body=b"")
            again = await questions.ask("GET", f"{client.base_url}/a", headers={}, body=b"")
            assert again.content == b"ok", "on another connection"
            await questions.close()

    told(story)
