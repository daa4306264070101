"""`kumihimo demo` as a stranger runs it."""

import re
import subprocess
import sys
import unicodedata

import pytest

from kumihimo.run.demo_card import SECRETS
from tests.hostile.terminal import typed

SCENES = 11


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kumihimo", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def done():
    return demo("--residents", "1000", "--seed", "1")


def test_the_demo_tells_its_whole_story(done):
    assert done.returncode == 0, done.stderr + done.stdout[-2_000:]
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    scenes = re.findall(r"^(\d+)\. .+ ─", done.stdout, re.MULTILINE)
    assert scenes == [str(number) for number in range(1, SCENES + 1)]
    for told in ("REFUSED_ITEM", "REFUSED_CASE", "REFUSED_PIA", "ends-disagree", "合計所得金額"):
        assert told in done.stdout
    assert "/schema" in done.stdout
    assert "BusinessClient(" in done.stdout
    assert [line for line in lines if columns(line) > 80] == []


def columns(line):
    """Return how wide a terminal shows a line."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


def chapter(done, number):
    """Return a scene with the runs of spaces between its columns made one."""
    told = re.split(r"^\d+\. ", done.stdout, flags=re.MULTILINE)[number]
    return re.sub(r" {2,}", "|", told)


def test_a_child_is_born_and_her_mothers_card_is_handed_over_and_no_copy_of_it(done):
    birth, delivery = chapter(done, 2), chapter(done, 3)
    assert "個人番号が指定された" in birth
    mothers, babys = re.findall(r"(\d\d-\d\d)〜", birth)
    assert mothers != babys, "express issue is quicker"
    assert "チップに署名を求める：複製|拒否（鍵が違う）" in delivery
    assert "チップに署名を求める：本物|この人のカードと確認" in delivery
    assert re.search(r"暗証番号の設定と有効化\|有効（チップへの命令 [1-9]", delivery)
    assert "交付枚数 / 保有枚数|1 / 1" in delivery


def test_the_chips_answer_to_a_challenge_lets_her_in_and_is_good_for_no_other(done):
    login = chapter(done, 4)
    assert "ポータルの乱数|利用者証明用|有効" in login
    assert "それを別の乱数に使う|利用者証明用|署名が違う" in login
    assert "同意文|署名用|有効" in login


def test_the_move_kills_her_sign_certificate_within_a_minute_and_no_other(done):
    move = chapter(done, 5)
    assert "利用者証明用|有効|有効|ログインできる" in move
    assert "署名用|有効|失効|署名は使えない" in move
    assert "digital signature|good|affiliationChanged|" in move
    assert "カードそのもの|有効|有効|" in move
    waited = re.search(r"届出から ([\d.]+) 秒", move)
    assert waited
    assert float(waited[1]) < 60


def test_no_number_no_pin_and_no_serial_is_shown(done):
    told = done.stdout
    assert re.findall(r"\b\d{9,}\b(?!…)", told) == []  # a code is cut short, and may have no letter
    for secret in {secret.reveal() for secret in SECRETS.values()}:
        assert not re.search(rf"\b{secret}\b", told)


def test_the_join_that_finds_nobody_finds_everybody_by_a_common_number(done):
    joined = re.findall(r"^ +(\w+ \+ \w+|対照).* ([\d,]+) +([\d,]+)$", done.stdout, re.MULTILINE)
    assert [naming for pair, _, naming in joined if pair != "対照"] == ["0"] * 7
    assert int(joined[-1][2].replace(",", "")) > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--residents", "10"], "--residents: 1,000 to 1,000,000"),
        (["--residents", "many"], "--residents"),
        (["--colour"], "--colour"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_starts(arguments, words):
    told = typed("demo", *arguments)
    assert (told.code, told.out) == (2, "")
    assert words in told.err
    assert "Traceback" not in told.err
