"""What differs between real chips or between readings of the facts, as switches.

Defaults are what was seen at the real card, or what breaks no known client.
"""

from typing import Literal

import attrs

from kumihimo.card import apdu


@attrs.frozen
class Switches:
    """How a chip behaves where there is a choice."""

    # What a VERIFY of a blocked PIN is answered with. 6984 is the card's; OpenSC knows 6983 only.
    blocked_sw: Literal[0x6984, 0x6983] = apdu.LOCKED
    # Whether selecting the application that is current already takes its security states away.
    reselect_clears_pin: bool = False
    # What a read that ends before Le is answered with.
    eof_sw: Literal[0x9000, 0x6282] = apdu.OK
