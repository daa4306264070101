"""Style sheets are fetched once: a page names the address of just these contents, good for a year."""

import asyncio
import gzip
import re

from kumihimo.pages import engine
from tests.pages.portal import Portal

SHEETS = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
FOR_EVER = "public, max-age=31536000, immutable"


def asked(path, **headers):
    async def story():
        return await Portal().browser().open(path, headers=headers)

    return asyncio.run(story())


def test_a_page_names_sheets_that_a_browser_keeps_for_a_year():
    sheets = SHEETS.findall(asked("/sign-in").text)
    assert len(sheets) == len(engine.STYLES)
    for one in sheets:
        answer = asked(one)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == FOR_EVER
        assert answer.headers["content-type"] == "text/css; charset=utf-8"


def test_an_address_of_other_contents_is_not_kept_for_a_year():
    for path in ("/style/tokens.css", "/style/tokens.css?of=0000000000000000"):
        assert asked(path).headers["cache-control"] == "max-age=3600"


def test_other_contents_have_another_address(monkeypatch):
    before = engine.style_address("tokens.css")
    engine._digest.cache_clear()
    monkeypatch.setattr(engine, "_sheet", lambda _: b"body {}")
    assert engine.style_address("tokens.css") != before
    engine._digest.cache_clear()


def test_who_can_unpack_gets_a_sheet_packed_and_nobody_else():
    path = engine.style_address("components.css")
    packed = asked(path, **{"accept-encoding": "gzip"})
    plain = asked(path, **{"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.content == plain.content  # unpacked by the client
    small = int(packed.headers["content-length"])
    assert small < len(plain.content) / 3
    assert small == len(gzip.compress(plain.content, mtime=0))
