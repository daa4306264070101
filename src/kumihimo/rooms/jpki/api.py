"""jpki's doors: the authorities' own certificates.

A person is named by a holder reference that register keys for jpki alone. No individual number and
no resident code ever comes here.
"""

from typing import Literal

import msgspec

PARTY = "jpki"

AUTHORITIES_PATH = "/authorities"
OCSP_PATH = "/ocsp"
OCSP_ADDRESS_PATH = "/ocsp/{asked:path}"

Ca = Literal["sign", "auth"]


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """One generation of an authority: its self-signed certificate, DER. 1 is the oldest."""

    ca: Ca
    generation: int
    certificate: bytes


class Authorities(msgspec.Struct, frozen=True):
    """Every generation of both authorities; generations of one share a name."""

    authorities: tuple[Authority, ...]
