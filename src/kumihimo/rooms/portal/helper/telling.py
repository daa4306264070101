"""What went wrong at the reader, for who sits there."""

from typing import Final

from kumihimo.kernel.refusal import Refusal
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Problem, SaidEasily

_TOLD: Final[dict[str, SaidEasily]] = {
    "no-card": (
        "カードがリーダーにありません。", "There is no card in the reader.",
        "カードを置いて、もう一度押してください。", "Put it in place, then try again.",
        "カードリーダーに カードが ありません。", "カードを おいて、もういちど おして ください。",
    ),
    "two-cards": (
        "カードが2枚あります。", "There are two cards.", "1枚だけ置いてください。", "Leave one.",
        "カードが 2まい あります。", "1まい だけ おいて ください。",
    ),
    "card-gone": (
        "カードが途中で離れました。", "The card was taken away meanwhile.",
        "カードを置いたまま、もう一度押してください。", "Leave it in place and try again.",
        "とちゅうで カードが はなれました。",
        "カードを おいた まま、もういちど おして ください。",
    ),
    "pin-blocked": (
        "暗証番号がロックされています。", "The PIN is blocked.",
        "市区町村の窓口で、設定し直せます。", "A municipality's counter can set it anew.",
        "あんしょうばんごうが つかえなく なりました。", "まちの やくしょで なおせます。",
    ),
    "no-reader": (
        "カードリーダーが見つかりません。", "There is no card reader.",
        "つなぎ直してください。", "Connect it again.",
        "カードリーダーが 見つかりません。", "もういちど つないで ください。",
    ),
    "card-declined": (
        "カードが命令を受け付けませんでした。", "The card declined the command.",
        "マイナンバーカードか確かめてください。", "Is it a My Number Card?",
        "この カードでは できませんでした。", "マイナンバーカードか、たしかめて ください。",
    ),
    "question-over": (
        "ポータルはこの署名を待っていません。", "The portal does not wait for this signature.",
        "ポータルの画面から、もう一度始めてください。", "Begin again at the portal.",
        "サイトは この サインを まって いません。",
        "サイトの がめんから、もういちど はじめて ください。",
    ),
    "not-allowed": (
        "この画面が扱うポータルではありません。", "This helper does not serve that portal.",
        "署名していません。アドレスを確かめてください。",
        "Nothing was signed. Check the address.",
        "この がめんでは つかえない サイトです。",
        "サインして いません。アドレスを たしかめて ください。",
    ),
    "not-authentic": (
        "画面が古くなっています。", "The page is an old one.",
        "ポータルの画面から、もう一度始めてください。", "Begin again at the portal.",
        "がめんが ふるく なりました。", "サイトの がめんから、もういちど はじめて ください。",
    ),
    "unavailable": (
        "ポータルが答えません。", "The portal does not answer.",
        "少し待ってから、もう一度押してください。", "Wait a little, then try again.",
        "サイトから へんじが ありません。", "すこし まってから、もういちど おして ください。",
    ),
}  # fmt: skip
_BUG: Final[SaidEasily] = (
    "この処理はできませんでした。", "This could not be done.",
    "署名していません。ポータルの画面から、もう一度始めてください。",
    "Nothing was signed. Begin again at the portal.",
    "できませんでした。", "サイトの がめんから、もういちど はじめて ください。",
)  # fmt: skip


def told(refusal: Refusal, language: Language, *, tries_left: int | None = None) -> Problem:
    """Return what the page says of a refusal, and how many tries a PIN has left."""
    if tries_left is not None:
        said = (
            f"暗証番号が違います。あと {tries_left} 回でロックされます。",
            f"The PIN is wrong; {tries_left} tries are left.",
            "分からないときは、やめてください。市区町村の窓口で、設定し直せます。",
            "If you do not know it, stop here: a municipality's counter can set it anew.",
            f"あんしょうばんごうが ちがいます。あと {tries_left}かい まちがえると つかえません。",
            "わからない ときは、やめて ください。まちの やくしょで なおせます。",
        )  # fmt: skip
        return Problem.said(refusal.code, said, language, field="pin")
    return Problem.said(refusal.code, _TOLD.get(refusal.code, _BUG), language)


def told_otherwise(status: int, language: Language) -> Problem:
    """Return what the page says of what is no refusal of ours."""
    return Problem.said(f"http-{status}", _BUG, language)
