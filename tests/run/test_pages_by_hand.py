"""What a stranger types from the pages while `kumihimo demo --keep` runs: it answers as they say."""

import re
import select
import shlex
import signal
import subprocess
import sys
import time

import attrs
import httpx2
import pytest

from tests.rooms.cards.forms import form_of
from tests.run.pages import blocks, place, type_block

PYTHON = re.compile(r"^from \w.*?^print[^\n]*$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^DEMO=.*?auth\.pem$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Kept:
    """A demo that stays up, and the two examples for Python that it printed: a clerk's, a portal's."""

    told: str
    example: str
    portal: str

    def said(self, pattern):
        found = re.search(pattern, self.example)
        assert found, self.example
        return found[1]


def read_until(stream, words, seconds):
    """Return what a program prints up to some words, however it is cut."""
    said, until = b"", time.monotonic() + seconds
    while words not in said and time.monotonic() < until:
        if select.select([stream], [], [], 1.0)[0]:
            said += stream.read1()
    return said.decode()


@pytest.fixture(scope="module")
def kept():
    with subprocess.Popen(
        [sys.executable, "-m", "kumihimo", "demo", "--keep", "--residents", "1000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        try:
            said = read_until(running.stdout, b"kumihimo audit report ", 300)
            examples = PYTHON.findall(said)
            assert len(examples) == 2, said
            yield Kept(said, *examples)
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=120)
        finally:
            running.kill()  # where it did not end: `with` waits for it
    assert (running.returncode, errors.decode()) == (130, "kumihimo: 中止しました。 Stopped.\n")


def test_every_room_that_the_demo_leaves_up_describes_its_doors(kept):
    addresses = re.findall(r"^ +(http://127\.0\.0\.1:\d+)/schema ", kept.told, re.MULTILINE)
    titles = [
        httpx2.get(f"{address}/schema/openapi.json", trust_env=False).json()["info"]["title"]
        for address in addresses
    ]
    rooms = ("gateway", "ledger", "jpki", "cards", "register")
    assert titles == [f"Kumihimo {room}" for room in rooms]


def pasted(*parts):
    """Paste lines into Python; returns what stands there."""
    done = subprocess.run(
        [sys.executable, "-i", "-q"],
        input="\n".join(parts) + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_the_printed_example_and_the_tutorial_can_be_pasted_into_python(kept):
    *exchange, _ = blocks("tutorial/first-exchange.md", "python")
    said = pasted(kept.example, *exchange)
    assert re.findall(r"^OK|BOUND|REFUSED_\w+", said, re.MULTILINE) == [
        "OK",
        "BOUND",
        "REFUSED_PROVIDER",
        "REFUSED_CASE",
    ]


def test_the_mothers_card_logs_in_with_opensc_as_the_demo_prints_it(kept, tmp_path):
    typed = SHELL.search(kept.told)
    assert typed, kept.told
    type_block(typed[0], place(tmp_path))
    *_, afterwards = blocks("tutorial/first-exchange.md", "python")
    said = pasted(kept.portal, afterwards)
    told = re.search(r"^ok ([\w-]{22})$", said, re.MULTILINE)
    assert told, said
    story = re.search(r"its alone \(([\w-]+)…\)", kept.told)
    assert story
    assert told[1].startswith(story[1]), "the portal knows her by the id of the story"
    standing = re.findall(r"type='(card-\w+)'.*?status='(\w+)'.*?revocation_reason=(\S+?)\)", said)
    assert sorted(standing) == [
        ("card-auth", "good", "None"),
        ("card-sign", "revoked", "'affiliationChanged'"),
    ]


def test_two_people_sign_in_at_the_desk_as_printed_and_nobody_by_another_passcode(kept):
    told = " ".join(kept.told.split())
    found = re.search(r"review desk: (\S+) ; (\d+) records wait.*?passcode of each: (\S+)", told)
    assert found, told
    address, waiting, passcode = found.groups()
    for officer, typed, reached in (
        ("sato", passcode[::-1], "/sign-in"),
        ("sato", passcode, "/"),
        ("suzuki", passcode, "/"),
    ):
        with httpx2.Client(base_url=address, trust_env=False, follow_redirects=True) as browser:
            form = form_of(browser.get("/sign-in").text, "/sign-in")
            sent = form.filled({"officer": officer, "passcode": typed})
            page = browser.post("/sign-in", data=sent)
            assert page.url.path == reached
            assert ("待ち行列" in browser.get("/").text) == (reached == "/")
    assert waiting == "3"


def curl(words, files):
    """Do what curl does with the options that the page uses, and return the answer."""
    headers, body, address = {}, None, ""
    rest = iter(words)
    for word in rest:
        match word:
            case "-sS":
                pass
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d":
                body = next(rest).encode()
            case "--data-binary":
                body = files[next(rest).removeprefix("@")]
            case _:
                address = word
    method = "GET" if body is None else "POST"
    answer = httpx2.request(method, address, content=body, headers=headers, trust_env=False)
    return answer.status_code, answer.json()


def test_the_page_on_the_business_api_can_be_typed_from_top_to_bottom(kept):
    page = "how-to/business-api.md"
    setting, *typed = blocks(page, "")
    (copies,) = blocks(page, "csv")
    files = {"tax.csv": copies.encode("cp932")}
    post = re.search(r"post\(\) { curl (.*) \"\$@\"; }", setting)
    assert post, setting
    known = {
        "GATEWAY": kept.said(r'BusinessClient\("([^"]+)"'),
        "TOKEN": kept.said(r'token = "([^"]+)"'),
        "OLD_TOWN": kept.said(r'provider="([^"]+)"'),
        "PERMIT": "A" * 22,  # nothing waits in the demo
        "LOOK": "L" * 22,
    }
    said = {}
    for block in typed:
        line = re.sub(r"^post", lambda _: post[1], block).removeprefix("curl ")
        line = re.sub(r"\$([A-Z_]+)", lambda found: known[found[1]], line).replace("\\\n", "")
        words = shlex.split(line)
        name = re.search(r"/v1/([a-z/-]+)", line)
        assert name
        status, said[name[1]] = curl(words, files)
        assert status == (404 if name[1] == "waiting/decide" else 200), said[name[1]]
        if name[1] == "inquiries":
            known["INQUIRY"] = said["inquiries"]["questions"][0]["inquiry"]
    assert said["persons"]["persons"] == [{"addressee": "100", "outcome": "NO_MATCH"}]
    assert said["persons/status"]["persons"][0]["state"] == "BOUND"
    assert said["inquiries/answers"]["answers"][0]["outcome"] == "OK"
    assert (said["copies/file"]["loaded"], said["copies/file"]["rows_good"]) == (True, 1)
    assert said["waiting"] == {"waiting": []}
    assert said["looks"] == {"new": 1}
    assert len(said) == len(typed)
