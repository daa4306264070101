"""The counter's command on a PC/SC reader, with the rooms as processes, worked by an officer.

Client software that is not ours looks at the same card in the same reader before and after.
"""

import re
import shutil
from datetime import timedelta

import pytest

from kumihimo.kernel.clock import SystemClock, legal_day
from tests.interop.desk import MODULE
from tests.interop.office import KUMIHIMO, Counter, inserted, new_card, opened
from tests.rooms.cards.terminal import twice
from tests.rooms.cards.test_console import PINS, SECOND

READER = "Kumihimo 00 00"
HERE = {"present": "yes", "papers": "passport"}


@pytest.fixture(scope="module")
def office():
    with opened() as found:
        yield found


@pytest.fixture
def counter(office, desk):
    found = Counter.start(
        office.config,
        f"--reader={READER}",
        log=office.folder / "counter.log",
        **desk.reader.variables,
    )
    found.sign_in()
    yield found
    found.stop()


def steps(counter, *wanted):
    for step in wanted:
        counter.do("/way", step=step)
        assert "記録しました" in counter.page, (step, counter.page)


def hand_over(counter, application):
    steps(counter, "ship", "notify")
    counter.do("/hand-over", PINS | SECOND | HERE, form=application)
    assert "交付が終わりました" in counter.page, counter.page


def pkcs11(desk, *options):
    return desk.run("pkcs11-tool", "--module", MODULE, "--slot-index", "0", *options)


def login(desk, pin):
    return pkcs11(desk, "--login", "--pin", pin, "-O")


def test_a_card_of_the_maker_is_handed_over_at_a_pcsc_reader_and_opensc_signs_with_it(
    office, counter, desk
):
    application, path = new_card(office, counter)
    with inserted(desk.reader, path, office.passphrase):
        hand_over(counter, application)
        message, signature = desk.file("message", b"I agree"), desk.folder / "signature"
        sign = ("--sign", "--id", "01", "--mechanism", "SHA256-RSA-PKCS")
        told = pkcs11(desk, "--login", "--pin", "1357", *sign, "-i", message, "-o", signature)
        assert told.code == 0, told
        desk.done("pkcs15-tool", "--reader", "0", "--read-certificate", "1", "-o", "auth.pem")
        public = desk.done("openssl", "x509", "-in", "auth.pem", "-pubkey", "-noout")
        key = desk.file("auth.key", public.encode())
        verify = ("openssl", "dgst", "-sha256", "-verify", key, "-signature", signature, message)
        assert desk.done(*verify).strip() == "Verified OK"


def test_a_pin_that_opensc_has_blocked_is_free_again_after_a_reset_at_the_counter(
    office, counter, desk
):
    application, path = new_card(office, counter)
    with inserted(desk.reader, path, office.passphrase):
        hand_over(counter, application)
        for _ in range(3):
            assert login(desk, "0000").code != 0
        assert "user PIN locked" in pkcs11(desk, "-L").out
        assert login(desk, "1357").code != 0, "a blocked PIN opens nothing, also the right one"
        reset = {"kinds": "auth", **twice({"pin-auth": "8642"}), **HERE}
        counter.do("/pins", reset)
        assert "暗証番号を設定しました" in counter.page, counter.page
        assert "user PIN locked" not in pkcs11(desk, "-L").out
        assert login(desk, "1357").code != 0, "the old one is refused"
        told = desk.run(
            "pkcs15-tool", "--verify-pin", "--auth-id", "1", "--pin", "8642", "--reader", "0"
        )
        assert told.code == 0, told
        assert "Private Key Object" in login(desk, "8642").out
        tries = desk.done("pkcs15-tool", "--reader", "0", "--list-pins")
        assert re.findall(r"Tries left\s*: (\d)", tries) == ["3", "5"]


def test_who_was_identified_gets_an_express_card_by_post_with_the_pins_she_chose(
    office, counter, desk
):
    from_abroad = {"handover": "direct", "express": "from-abroad", "papers": "passport"}
    day = (legal_day(SystemClock().now()) - timedelta(days=1)).isoformat()
    application, path = new_card(office, counter, **from_abroad, **PINS, event_on=day)
    counter.do("/way", step="deliver", form=application)
    assert "有効" in counter.page, counter.page
    with inserted(desk.reader, path, office.passphrase):
        assert "Private Key Object" in login(desk, "1357").out


def test_a_card_that_is_taken_out_is_seen_by_the_page_and_nothing_is_done(office, counter, desk):
    application, path = new_card(office, counter)
    with inserted(desk.reader, path, office.passphrase):
        steps(counter, "ship", "notify")
        counter.open("/hand-over")
        assert "リーダー：カードあり" in counter.page
    desk.until(0, "No")
    counter.send("/hand-over", PINS | SECOND | HERE, form=application)
    assert "カードがリーダーにありません" in counter.page
    assert "リーダー：カードなし" in counter.page


def test_while_cards_is_down_the_pages_say_so_and_go_on_when_it_is_back(office, counter, desk):
    application, path = new_card(office, counter)
    room = office.federation.rooms["cards"]
    with inserted(desk.reader, path, office.passphrase):
        steps(counter, "ship", "notify")
        room.kill()
        counter.open("/hand-over")
        assert "センターにつながりません" in counter.page
        office.federation.restart("cards")
        counter.do("/hand-over", PINS | SECOND | HERE, form=application)
        assert "交付が終わりました" in counter.page, counter.page


def test_a_folder_takes_the_place_of_a_reader(office):
    tray = office.folder / "tray"
    tray.mkdir()
    options = (f"--tray={tray}", f"--passphrase-file={office.passphrase}")
    counter = Counter.start(office.config, *options, log=office.folder / "counter.log")
    try:
        counter.sign_in()
        application, path = new_card(office, counter)
        counter.do("/way", step="ship", form=application)
        counter.do("/way", step="notify", form=application)
        assert "カードがリーダーにありません" in counter.open("/hand-over").text
        shutil.move(path, tray)
        counter.do("/hand-over", PINS | SECOND | HERE, form=application)
        assert "交付が終わりました" in counter.page, counter.page
    finally:
        counter.stop()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("Palace", 1, "no reader of that name; there are: Kumihimo 00 00"),
        ("Kumihimo", 2, "more than one reader: Kumihimo 00 00; Kumihimo 00 01"),
    ],
)
def test_a_reader_that_is_not_there_or_not_named_whole_is_told(office, desk, name, code, words):
    told = desk.run(*KUMIHIMO, "counter", "run", f"--config={office.config}", f"--reader={name}")
    assert told.code == code
    assert words in told.err
    assert len(told.err.splitlines()) == 1
