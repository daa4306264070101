"""What a refusal means for a person at the portal: what happened, and what she can do."""

from typing import Final

from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Problem, Said

_TOLD: Final[dict[str, Said]] = {
    "card-not-confirmed": (
        "カードを確かめられませんでした。", "The card could not be confirmed.",
        "別のカード、期限切れや停止中の電子証明書、時間切れのどれかです。もう一度始めるか、市区町村の窓口へ。",
        "Another card, a certificate that is over, or too late. Begin again, or ask a counter.",
    ),
    "proof-over": (
        "カードを待つ時間が終わりました。", "The time for the card is over.",
        "もう一度始めてください。", "Begin again.",
    ),
    "not-yet-answered": (
        "カードの署名が、まだ届いていません。", "The card has not signed yet.",
        "カードで署名してから、もう一度押してください。", "Sign with the card, then try again.",
    ),
    "code-differs": (
        "番号が違います。ログインを止めました。", "The numbers differ; the login was stopped.",
        "目の前の画面の番号でないなら、だれかがあなたに署名させようとしています。",
        "If the number is not on the screen before you, somebody may be luring you.",
    ),
    "other-person": (
        "ログインしている人のカードではありません。何も書き込んでいません。",
        "This is not the card of the person who is signed in. Nothing was written.",
        "前の人の画面が残っていたら、「終了」を押してください。",
        "If another person's page was left open, press “Sign out”.",
    ),
    "code-unknown": (
        "このコードで待っている代理はありません。", "No delegation waits under this code.",
        "打ち間違い、期限切れ、使用済み、ご自分のコードのどれかです。相手に新しいコードを聞いてください。",
        "Mistyped, over, used, or your own. Ask the other person for a new one.",
    ),
    "delegation-not-in-force": (
        "この代理は、いま有効ではありません。", "This delegation is not in force.",
        "終わったか、カードが止まって中断しています。「代理」の画面で確かめてください。",
        "It has ended, or waits since a card was stopped. See “Proxies”.",
    ),
    "card-still-stopped": (
        "相手のカードが止まっているか、期限切れです。", "The other person's card is stopped or over.",
        "相手が新しいカードを受け取ってから、もう一度押してください。",
        "Try again once the other person has a card that works.",
    ),
    "mail-code-wrong": (
        "コードが違うか、時間が過ぎました。", "That is not the code, or its time is over.",
        "メールの8桁の数字を確かめてください。だめなら、もう一度宛先を入れて、新しいコードを受け取ってください。",
        "Check the eight digits in the mail. If it fails, type the address again for a new code.",
    ),
    "mail-codes-spent": (
        "今日は、これ以上コードを送れません。", "No more codes are mailed today.",
        "明日、もう一度宛先を入れてください。", "Type the address again tomorrow.",
    ),
    "fresh-card-needed": (
        "記録を見るには、もう一度カードで確かめてください。",
        "To read your records, confirm with your card again.",
        "記録を見られるのは、カードで確かめてから15分です。",
        "Records can be read for fifteen minutes after that.",
    ),
    "too-many": (
        "この場所からの操作が多すぎます。", "Too many tries came from this place.",
        "1分待ってから、もう一度始めてください。カードは使えなくなりません。",
        "Wait a minute, then begin again. Your card is not blocked by this.",
    ),
    "not-authentic": (
        "画面が古くなっています。", "The page is an old one.",
        "もう一度始めてください。", "Begin again.",
    ),
    "unavailable": (
        "いま答えられない機関があります。", "A party does not answer now.",
        "少し待ってから、もう一度押してください。", "Wait a little, then try again.",
    ),
    "bad-input": (
        "入力を確かめてください。", "Check what you typed.", "", "",
    ),
    "bad-input address": (
        "メールアドレスではありません。", "This is no e-mail address.",
        "hanako@example.jp のように入れてください。", "Type one such as hanako@example.jp.",
    ),
    "bad-input kind": (
        "何をするかを、一つ選んでください。", "Choose what you want to do.", "", "",
    ),
    "bad-input information": (
        "見たい情報を、一つ選んでください。", "Choose what you want to see.", "", "",
    ),
    "bad-input purpose": (
        "できることを、一つ選んでください。", "Choose what it is for.", "", "",
    ),
    "bad-input days": (
        "いつまでかを、一つ選んでください。", "Choose how long it lasts.", "", "",
    ),
    "bad-input label": (
        "相手を何と呼ぶかを、40文字までで書いてください。",
        "Write what you call the other person, in up to 40 characters.", "", "",
    ),
    "bad-input text": (
        "内容を、1000文字までで書いてください。", "Write it down, in up to 1,000 characters.", "", "",
    ),
    "not-found": (
        "見つかりません。", "There is no such thing.", "", "",
    ),
}  # fmt: skip
_BUG: Final = (
    "この処理はできませんでした。", "This could not be done.",
    "何も書き込んでいません。少し待ってから、もう一度試してください。",
    "Nothing was written. Wait a little, then try again.",
)  # fmt: skip
_NO_PAGE: Final = (
    "このアドレスの画面はありません。", "There is no page at this address.",
    "「はじめの画面」から探してください。", "Look for it from the first page.",
)  # fmt: skip
_NOT_FOUND: Final = 404


def told(refusal: Refusal, language: Language) -> Problem:
    """Return what the page says of a refusal. No text of the refusal itself is shown."""
    field = refusal.pointer if refusal.pointer.isidentifier() else ""
    said = _TOLD.get(f"{refusal.code} {field}") or _TOLD.get(refusal.code, _BUG)
    return Problem.said(refusal.code, said, language, field=field)


def told_otherwise(status: int, language: Language) -> Problem:
    """Return what the page says of what is no refusal of ours."""
    return Problem.said(f"http-{status}", _NO_PAGE if status == _NOT_FOUND else _BUG, language)
