"""What the fuzzer starts from: what clients of a real card send, and each command once."""

_DIGEST_INFO = "3031300D060960864801650304020105000420" + "00" * 32
_HASH = "41" * 32
OFF = 1


def sent(*commands):
    """Return the bytes that stand for these commands (hex)."""
    raw = [bytes.fromhex(command) for command in commands]
    return b"".join(b"\0" + len(one).to_bytes(2, "big") + one for one in raw)


def present(number):
    """Return the bytes that stand for the right PIN, by its place in the list of planted PINs."""
    return bytes((5, number))


def select(number):
    """Return the bytes that stand for selecting one of the five applications."""
    return bytes((6, number))


def reset(kind=0):
    """Return the bytes that stand for a reset, or for taking the power away."""
    return bytes((7, kind))


SEEDS = {
    "opensc": sent(
        "00A4040C0AD392F000260100000001",
        "00A4020C020018",
        "00200080",
        "00A4020C02001B",
        "00200080",
        "00A4020C02000A",
        "00B0000004",
        "00B0000000",
        "00B0010000",
        "00A4020C020001",
        "00B0000004",
    )
    + present(0)
    + sent("00A4020C020017", f"802A008033{_DIGEST_INFO}00"),
    "sign-forms": select(0)
    + present(1)
    + sent(*(f"802A{form:02X}9A20{_HASH}00" for form in range(7)))
    + sent("00A4020C020001", "00B00000000000"),
    "text": select(1)
    + present(2)
    + sent(*(f"00B0{0x80 | fid:02X}0000" for fid in range(1, 9)), f"802A000020{_HASH}00"),
    "codes": select(1)
    + present(3)
    + sent("00B0810000", "00B0820000")
    + reset()
    + select(1)
    + present(4)
    + sent("00B0820000"),
    "visual": select(2)
    + present(5)
    + sent("00B0810000")
    + present(6)
    + sent("00B0820000")
    + present(7)
    + sent("00B0850000", "00B00000000000"),
    "residents": select(3)
    + present(9)
    + sent("00B2010400", "00B0830000", "803200800435363738")
    + select(4)
    + present(8)
    + sent("00B2010400", "0088009908010203040506070800", "803200800435363738"),
    "ladder": select(0) + sent(*["002000980430303030"] * 4) + present(0) + sent("00200098"),
    "change": select(0)
    + present(0)
    + sent("002401980435363738")
    + present(0)
    + sent("002401980461626364")
    + reset(OFF)
    + select(0)
    + present(0),
    "master": sent(
        "00A40000",
        "00A40000023F00",
        "00CA004500",
        "00CA00F800",
        "00CA00F8000000",
        "00CA5F5100",
        "0084000010",
        "00A4040C07A0000001510000",
    ),
    "terminal": select(0)
    + sent("80A200C1000133" + "7F218202335F4E820129" + "00" * 297, "0084000010", "0082000000"),
    "counter": select(0)
    + sent("00D6000001FF", "00DC01040141", "8046009700", "002C029B0431323334", "002C039B"),
    "secure": select(1)
    + present(2)
    + sent(
        "80AE0000000100" + "00" * 256,
        "0820009113861101" + "00" * 16,
        "08B00000059603000000",
        "08A4020C13861101" + "00" * 16,
    ),
}
