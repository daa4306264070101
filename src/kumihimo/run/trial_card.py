"""A card to try things with: an invented holder, certificates by jpki's own profiles.

It is not issued through the rooms: two authorities are made for this one card and their keys are
forgotten, so no status service knows the certificates. All else in them is as jpki makes it, linted
before it is signed.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import attrs

from kumihimo.card.files import Card
from kumihimo.card.holding import Holder, HolderCertificates, HolderKeys
from kumihimo.card.personalise import personalise
from kumihimo.card.specimen import specimen_order
from kumihimo.kernel.clock import JST, Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.rooms.jpki.api import Ca
from kumihimo.rooms.jpki.authorities import end_of_day, new_serial
from kumihimo.rooms.jpki.domain.certificates import PrintedAttributes, Wanted, unsigned
from kumihimo.rooms.jpki.domain.keys import PublicKey, kind_of, new_key, sign_with
from kumihimo.rooms.jpki.domain.lint import lint, sign
from kumihimo.rooms.jpki.domain.profiles import AUTHORITY_YEARS, ProfileName, profiles

OCSP_URL: Final = "http://127.0.0.1:35980/ocsp"  # our choice: nobody answers there for a trial card
_BIRTHDAYS: Final = 5
_ERAS: Final = ((date(2019, 5, 1), "5"), (date(1989, 1, 8), "4"), (date(1926, 12, 25), "3"))


def trial_card(card: Card, *, clock: Clock, entropy: Entropy) -> dict[str, bytes]:
    """Return the contents of a new card's memory."""
    order = specimen_order(card, entropy=entropy)
    ends_on = order.printed.expires
    certificates = trial_certificates(
        order.holder, order.keys, card_ends_on=ends_on, clock=clock, entropy=entropy
    )
    return personalise(attrs.evolve(order, certificates=certificates), entropy=entropy)


def trial_certificates(
    holder: Holder, keys: HolderKeys, *, card_ends_on: date, clock: Clock, entropy: Entropy
) -> HolderCertificates:
    """Issue both certificates of a trial card, or the one that it has a key for."""
    now = clock.now().replace(microsecond=0)
    ends = min(_last_day(holder.birth.reveal(), legal_day(now)), card_ends_on)
    until = end_of_day(datetime.combine(ends, time.min, JST).astimezone(UTC))
    own = keys.auth.public_key()
    auth, auth_ca = _both("auth", own, holder, now, until, entropy)
    other = own if keys.sign is None else keys.sign.public_key()
    sign_certificate, sign_ca = _both("sign", other, holder, now, until, entropy)
    return HolderCertificates(
        auth=auth,
        auth_ca=auth_ca,
        sign=None if keys.sign is None else sign_certificate,
        sign_ca=sign_ca,
    )


def _both(
    ca: Ca, key: PublicKey, holder: Holder, begins: datetime, ends: datetime, entropy: Entropy
) -> tuple[bytes, bytes]:
    """Found an authority, let it issue one certificate, and forget its key."""
    kind = kind_of(key)
    authority = new_key(kind)
    issuer = authority.public_key()
    root = Wanted(
        ca=ca,
        serial=new_serial(entropy),
        not_before=begins,
        not_after=end_of_day(begins + timedelta(days=365 * AUTHORITY_YEARS)),
        key=issuer,
        issuer_key=issuer,
    )
    wanted = Wanted(
        ca=ca,
        serial=new_serial(entropy),
        not_before=begins,
        not_after=ends,
        key=key,
        issuer_key=issuer,
        id=f"TRIAL{entropy.bytes(6).hex().upper()}13101{ca[0].upper()}",
        prefecture="Tokyo-to",
        city="Chiyoda-ku",
        ocsp_url=OCSP_URL,
        attributes=_printed(holder),
    )

    def signed(profile: ProfileName, what: Wanted) -> bytes:
        draft = unsigned(profiles().profile[profile], what, signer=kind)
        linted = lint(draft.tbs_certificate_bytes, signer=kind, root=profile == "authority")
        return sign(linted, lambda tbs: sign_with(authority, tbs))

    return signed(ca, wanted), signed("authority", root)


def _printed(holder: Holder) -> PrintedAttributes:
    name, address, birth = holder.name.reveal(), holder.address.reveal(), holder.birth.reveal()
    era = next(digit for first, digit in _ERAS if birth >= first)
    return PrintedAttributes(
        name=name,
        name_substitutes="0" * len(name),
        sex=holder.sex.reveal(),
        birth=f"{era}{birth:%Y%m%d}",
        address=address,
        address_substitutes="0" * len(address),
    )


def _last_day(birth: date, today: date) -> date:
    """Return the fifth birthday after a day."""
    had = (birth.month, birth.day) <= (today.month, today.day)
    year = today.year + _BIRTHDAYS - (0 if had else 1)
    leaps = (birth.month, birth.day) == (2, 29)
    return date(year, 3, 1) - timedelta(days=1) if leaps else birth.replace(year=year)
