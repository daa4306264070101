"""Accounts: one for each person, found by the certificate that she shows and never by a number.

jpki knows over all renewals who the holder is, and tells the portal an id that is the portal's
alone. Kept is a keyed tag of it, and of each certificate that the account was entered by.
"""

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.sql import Tx
from kumihimo.rooms.portal import store
from kumihimo.rooms.portal.context import Portal
from kumihimo.rooms.portal.store import AccountRow


async def of_card(portal: Portal, tx: Tx, user: str, certificate: str) -> str:
    """Return the account of whose card it was, opened now if there is none."""
    tag = portal.locker.tag(user.encode(), label=b"user")
    found = await store.account_of(tx, tag)
    if found is None:
        account = new_id(portal.entropy)
        row = AccountRow(
            account=account,
            user_tag=tag,
            user_locked=portal.locker.lock(user.encode(), label=b"user" + account.encode()),
            opened_on=portal.today(),
        )
        found = await store.add_account(tx, row)
    shown = portal.locker.tag(certificate.encode(), label=b"certificate")
    await store.used_certificate(tx, found.account, shown, portal.today())
    return found.account
