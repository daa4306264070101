"""Is the person at the counter the one of this number? And under which tag was she asked about?"""

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.sql import Tx
from kumihimo.people.identity import FourAttributes, strict_match
from kumihimo.rooms.register import store_asking as store
from kumihimo.rooms.register.api import DisclosureAsked
from kumihimo.rooms.register.context import Register
from kumihimo.rooms.register.domain.strict import Asked


async def identify(register: Register, tx: Tx, asked: DisclosureAsked) -> int | None:
    """Return the person of a number if all four attributes fit; None whatever else is wrong."""
    body = register.body(asked.number) or ""
    holder = (await store.holders_of(tx, [body])).get(body)
    written = asked.attributes
    try:
        four = FourAttributes.parse(
            name=written.name, birth=written.birth, sex=written.sex, address=written.address
        )
    except BadInput:
        return None
    if holder is None:
        return None
    held = FourAttributes.parse(
        name=holder.name, birth=holder.birth, sex=holder.sex, address=holder.address
    )
    return holder.person if strict_match(four, held, sex_required=True) else None


def tags_of(register: Register, sought: Asked) -> set[bytes]:
    """Return every tag under which inquiries about these attributes may have been logged."""
    abouts = (sought.about, *sought.before)
    return {register.locker.tag(one, label=b"strict-inquiry") for one in abouts if one}


def tag_of(register: Register, sought: Asked) -> bytes:
    """Return the keyed tag of attributes that were asked for, the same in any notation."""
    return register.locker.tag(sought.about, label=b"strict-inquiry")
