"""A reader that sends hex and gives back hex, as people write APDUs down."""

import attrs

from kumihimo.card.carriers import card_in
from kumihimo.card.chip import Chip
from kumihimo.card.memory import Memory
from kumihimo.kernel.entropy import SystemEntropy

JPKI = "D392F000260100000001"
TEXT = "D3921000310001010408"
VISUAL = "D3921000310001010402"
JUKI = "D3921000310001010401"
COMMON = "D3921000310001010100"


@attrs.define
class Reader:
    chip: Chip
    memory: Memory

    def send(self, text):
        """Return the whole answer in upper-case hex."""
        return self.chip.process(bytes.fromhex(text)).hex().upper()

    def status(self, text):
        return self.send(text)[-4:]

    def data(self, text):
        answer = self.send(text)
        assert answer.endswith("9000"), answer
        return bytes.fromhex(answer[:-4])

    def select(self, aid):
        assert self.send(f"00A4040C{len(aid) // 2:02X}{aid}") == "9000"

    def ef(self, fid):
        return self.send(f"00A4020C02{fid}")

    def verify(self, value, fid=None):
        if fid:
            assert self.ef(fid) == "9000"
        sent = value.encode("ascii").hex()
        return self.send(f"00200080{len(value):02X}{sent}")

    def tries(self, fid):
        assert self.ef(fid) == "9000"
        return self.send("00200080")

    def read(self, fid, le="000000"):
        selected = self.ef(fid)
        return selected if selected != "9000" else self.send(f"00B00000{le}")


def powered(memory):
    """Return a reader in which a card with this memory was just powered on."""
    chip = Chip(card_in(memory), memory, entropy=SystemEntropy())
    chip.power_on()
    return Reader(chip, memory)
