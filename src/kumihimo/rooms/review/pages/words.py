"""How the desk's pages call what the audit and the room name: (Japanese, English)."""

from typing import Final

from kumihimo.pages.engine import Language

Said = tuple[str, str]

WORDS: Final[dict[str, Said]] = {
    # verdicts
    "person": ("要確認", "needs a person"),
    "mislink": ("ひも付け誤りの疑い", "mis-link suspected"),
    "confirmed": ("確認済み", "confirmed"),
    "notational": ("表記の差", "notation only"),
    # mechanisms
    "match": ("本人の見込み", "probably the own person"),
    "household": ("同一世帯の家族", "family member"),
    "twin": ("双子", "twin"),
    "homonym": ("同姓同名・同じ生年月日", "namesake"),
    "random": ("無関係の人（写し間違い）", "unrelated person (miscopied)"),
    "shift": ("行ずれ", "shifted rows"),
    "": ("分からない", "not known"),
    "mismatch": ("毎月の照合の所見", "found by the monthly check"),
    "reported": ("申出", "reported"),
    # verdicts of the monthly check, and what became of a doubt
    "MISMATCH": ("住基と合わない", "register does not confirm it"),
    "NOT_FOUND": ("番号の人がいない", "nobody has the number"),
    "DEAD": ("番号の人は死亡", "the number's person is dead"),
    "MOVED": ("住所が違い、似た別人がいる", "another address, and somebody alike"),
    "SUSPENDED": ("停止中", "suspended"),
    "CONFIRMED": ("正しいと確認", "confirmed"),
    "CORRECTED": ("訂正済み", "corrected"),
    # attributes
    "name": ("氏名", "Name"),
    "kana": ("フリガナ", "Kana"),
    "birth": ("生年月日", "Birth date"),
    "sex": ("性別", "Sex"),
    "address": ("住所", "Address"),
    "former_surname": ("旧氏", "Former surname"),
    "former_surname_kana": ("旧氏のフリガナ", "Kana of the former surname"),
    "alias": ("通称", "Alias"),
    "alias_kana": ("通称のフリガナ", "Kana of the alias"),
    "kanji": ("漢字の氏名", "Name in kanji"),
    "standing": ("住民としての状態", "Standing"),
    "rest": ("めずらしさと追加の確認", "Rarity and further tests"),
    "total": ("合計", "Total"),
    # standings of the register
    "resident": ("住民", "resident"),
    "moving": ("異動中", "moving"),
    "abroad": ("国外", "abroad"),
    "dead": ("死亡", "dead"),
    # sexes as registers write them
    "1": ("男", "male"),
    "2": ("女", "female"),
    # levels
    "equal": ("同じ", "equal"),
    "canonical": ("表記だけ違う", "notation differs"),
    "member": ("記録された別の氏名と同じ", "equals another recorded name"),
    "wildcard": ("失われた字を除いて同じ", "equal but for lost characters"),
    "weak": ("似た字を同じとみれば同じ", "equal if similar characters count"),
    "surname": ("姓だけ同じ", "surname only"),
    "given": ("名だけ同じ", "given name only"),
    "different": ("違う", "different"),
    "missing": ("片方にない", "missing on one side"),
    "part": ("年・月・日の一つが違う", "one of year, month, day differs"),
    "era": ("元号だけ違う", "the era differs"),
    "turned": ("月と日が入れ替わっている", "month and day swapped"),
    "digits": ("数字が入れ替わっている", "digits swapped"),
    "unknown": ("分かる部分は同じ", "equal where known"),
    "former": ("前の住所と同じ", "a former address"),
    "with-room": ("部屋まで同じ", "same room"),
    "without-room": ("番地まで同じ", "same lot"),
    "last-number": ("末尾が部屋番号なら同じ", "equal if the last number is a room"),
    "other-room": ("部屋だけ違う", "the room differs"),
    "no-city": ("市区町村が書かれていない", "the city is left out"),
    "town": ("町まで同じ", "same town"),
    "city": ("市区町村まで同じ", "same city"),
    "prefecture": ("都道府県まで同じ", "same prefecture"),
    # relations of characters
    "width": ("全角・半角の違い", "width only"),
    "variant": ("異体字", "variants of one character"),
    "lost": ("字が失われている", "a character was lost"),
    "other": ("別の字", "other characters"),
    # states
    "open": ("点検待ち", "to be looked at"),
    "answered": ("回答済み（取消期間中）", "answered, may be taken back"),
    "office": ("担当課に照会中", "the office is asked"),
    "decided": ("決定済み", "decided"),
    "vanished": ("新しい点検で解消", "gone in a newer audit"),
    "lapsed": ("期限切れ", "kept too long, erased"),
    # effects
    "suspend": ("一時停止", "suspend"),
    "confirm": ("停止の解除", "confirm"),
    "correct": ("番号の訂正", "correct"),
    "waiting": ("中間サーバーに送信中", "on its way to the gateway"),
    "done": ("済み", "done"),
    "refused": ("中間サーバーが拒否", "refused by the gateway"),
    # answers and their effects
    "own": ("本人の番号", "own number"),
    "notation": ("表記だけの違い", "notation only"),
    "wrong": ("ひも付け誤り", "wrong link"),
    "unsure": ("判断できない", "cannot tell"),
    "stay": ("そのまま", "the link stays"),
    "change": ("変える", "the link changes"),
    # grounds of a proposal
    "search": ("4情報による検索", "search by the four attributes"),
    "neighbour": ("隣の行", "neighbouring row"),
    # roles
    "reviewer": ("点検者", "reviewer"),
    "supervisor": ("管理者", "supervisor"),
}  # fmt: skip


def word(name: str, language: Language) -> str:
    """Return what a page calls a name of the code; a name that is not known stands as it is."""
    japanese, english = WORDS.get(name, (name, name))
    return english if language == "en" else japanese
