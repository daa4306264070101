"""Whether an address of the status service can stand in a certificate: the linter is asked."""

from datetime import UTC, datetime
from typing import Final

from kumihimo.rooms.jpki.domain.certificates import Wanted, unsigned
from kumihimo.rooms.jpki.domain.keys import new_key
from kumihimo.rooms.jpki.domain.lint import NotLinted, lint
from kumihimo.rooms.jpki.domain.profiles import profiles

_BEGINS: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ENDS: Final = datetime(2027, 1, 1, tzinfo=UTC)


def can_be_printed(url: str) -> bool:
    """Say whether certificates with this address would be taken by the linter."""
    key = new_key("p-384").public_key()
    wanted = Wanted(
        ca="auth",
        serial=1,
        not_before=_BEGINS,
        not_after=_ENDS,
        key=key,
        issuer_key=key,
        id="specimen",
        prefecture="Tokyo-to",
        city="Minato-ku",
        ocsp_url=url,
    )
    draft = unsigned(profiles().profile["auth"], wanted, signer="p-384")
    try:
        lint(draft.tbs_certificate_bytes, signer="p-384")
    except NotLinted:
        return False
    return True
