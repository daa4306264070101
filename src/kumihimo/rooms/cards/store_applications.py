"""cards' SQL on applications, photos and orders of certificates."""

from datetime import date
from typing import Final, LiteralString

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.cards.domain.applying import CardKind, Handover
from kumihimo.rooms.cards.domain.states import ApplicationState
from kumihimo.rooms.cards.domain.validity import StayKind


@attrs.frozen(kw_only=True, repr=False)
class ApplicationRow:
    """An application as it is stored."""

    application: str
    form: str
    sender: str
    holder: bytes
    jpki_holder: bytes
    handle: bytes
    version: int
    municipality: str
    name: str
    kana: str
    birth: str
    sex: str
    address: str
    name_key: str
    number_locked: bytes | None
    pins_locked: bytes | None = None
    state: ApplicationState = "open"
    because: str = ""
    handover: Handover = "counter"
    kind: CardKind = "standard"
    certificates: bool = True
    ward: bool = False
    stay: StayKind = "japanese"
    stay_until: date | None = None
    stay_renewal_asked_on: date | None = None
    photo_needed: bool = True
    opened_on: date
    applied_on: date | None = None
    due_from: date | None = None
    due_by: date | None = None
    fee: int = 0


@attrs.frozen(kw_only=True, repr=False)
class PhotoRow:
    """A photo and what binds it to its application."""

    digest: bytes
    application: str
    bond: bytes
    picture: bytes | None


@attrs.frozen(kw_only=True)
class OrderRow:
    """An order of certificates."""

    order_id: str


_SELECT: Final[LiteralString] = (
    "SELECT application, form, sender, holder, jpki_holder, handle, version, municipality, name, kana,"
    " birth, sex, address, name_key, number_locked, pins_locked, state, because, handover,"
    " kind, certificates, ward, stay, stay_until, stay_renewal_asked_on, photo_needed,"
    " opened_on, applied_on, due_from, due_by, fee FROM application"
)


async def add(tx: Tx, row: ApplicationRow) -> bool:
    """Store a new application; False when its id, its form or an open one of the person is there."""
    added = await tx.execute(
        "INSERT INTO application (application, form, sender, holder, jpki_holder, handle, version, municipality, name, kana, birth,"
        " sex, address, name_key, number_locked, pins_locked, state, because, handover,"
        " kind, certificates, ward, stay, stay_until, stay_renewal_asked_on, photo_needed,"
        " opened_on, applied_on, due_from, due_by, fee) VALUES (%(application)s, %(form)s, %(sender)s,"
        " %(holder)s, %(jpki_holder)s, %(handle)s, %(version)s, %(municipality)s, %(name)s, %(kana)s, %(birth)s, %(sex)s,"
        " %(address)s, %(name_key)s, %(number_locked)s, %(pins_locked)s, %(state)s, %(because)s,"
        " %(handover)s, %(kind)s, %(certificates)s, %(ward)s, %(stay)s, %(stay_until)s,"
        " %(stay_renewal_asked_on)s, %(photo_needed)s, %(opened_on)s, %(applied_on)s,"
        " %(due_from)s, %(due_by)s, %(fee)s) ON CONFLICT DO NOTHING",
        attrs.asdict(row),
    )
    return added == 1


async def lock(tx: Tx, *, application: str = "", form: str = "") -> ApplicationRow | None:
    """Return an application by either of its ids, locked."""
    return await tx.row(
        _SELECT + " WHERE application = %(application)s OR form = %(form)s FOR UPDATE",
        {"application": application, "form": form},
        ApplicationRow,
    )


async def open_of(tx: Tx, holder: bytes) -> ApplicationRow | None:
    """Return the application of a person that is not finished, locked."""
    return await tx.row(
        _SELECT + " WHERE holder = %(holder)s"
        " AND state IN ('open', 'applied', 'sent-back', 'in-production') FOR UPDATE",
        {"holder": holder},
        ApplicationRow,
    )


async def save(tx: Tx, row: ApplicationRow) -> None:
    """Store what may change of an application."""
    await tx.put(
        "UPDATE application SET version = %(version)s, municipality = %(municipality)s, name = %(name)s, kana = %(kana)s,"
        " birth = %(birth)s, sex = %(sex)s, address = %(address)s, name_key = %(name_key)s,"
        " number_locked = %(number_locked)s, pins_locked = %(pins_locked)s, state = %(state)s,"
        " because = %(because)s, handover = %(handover)s, kind = %(kind)s,"
        " certificates = %(certificates)s, ward = %(ward)s, stay = %(stay)s,"
        " stay_until = %(stay_until)s, stay_renewal_asked_on = %(stay_renewal_asked_on)s,"
        " photo_needed = %(photo_needed)s, applied_on = %(applied_on)s, due_from = %(due_from)s,"
        " due_by = %(due_by)s, fee = %(fee)s WHERE application = %(application)s",
        attrs.asdict(row),
    )


async def to_make(tx: Tx) -> str | None:
    """Return the next application to make a card from; express first, then by day."""
    return await tx.value(
        "SELECT application FROM application WHERE state IN ('applied', 'in-production')"
        " ORDER BY handover <> 'direct', applied_on, application LIMIT 1"
    )


async def bind_photo(tx: Tx, row: PhotoRow, *, on: date) -> bool:
    """Bind a photo, the present one from now on; False when it is bound to another application."""
    await tx.put(
        "UPDATE photo SET present = false, picture = NULL"
        " WHERE application = %(application)s AND present AND digest <> %(digest)s",
        {"application": row.application, "digest": row.digest},
    )
    bound = await tx.execute(
        "INSERT INTO photo (digest, application, bond, picture, taken_on, present)"
        " VALUES (%(digest)s, %(application)s, %(bond)s, %(picture)s, %(on)s, true)"
        " ON CONFLICT (digest) DO UPDATE SET present = true, picture = excluded.picture"
        " WHERE photo.application = excluded.application",
        attrs.asdict(row) | {"on": on},
    )
    return bound == 1


async def photo_of(tx: Tx, application: str) -> PhotoRow | None:
    """Return the present photo of an application."""
    return await tx.row(
        "SELECT digest, application, bond, picture FROM photo"
        " WHERE application = %(application)s AND present",
        {"application": application},
        PhotoRow,
    )


async def forget_picture(tx: Tx, application: str) -> None:
    """Let the pictures of an application go; their digests stay, so that none is used again."""
    await tx.put(
        "UPDATE photo SET picture = NULL WHERE application = %(application)s",
        {"application": application},
    )


async def add_order(tx: Tx, order_id: str, *, application: str | None, session: str | None) -> None:
    """Store the intent to order certificates, before they are ordered."""
    await tx.put(
        "INSERT INTO certificate_order (order_id, application, session, state)"
        " VALUES (%(order)s, %(application)s, %(session)s, 'open')",
        {"order": order_id, "application": application, "session": session},
    )


async def use_order(tx: Tx, order_id: str) -> None:
    """Record that the certificates of an order are in a chip."""
    await tx.put(
        "UPDATE certificate_order SET state = 'used' WHERE order_id = %(order)s",
        {"order": order_id},
    )


async def drop_orders(tx: Tx, *, application: str = "", session: str = "") -> list[OrderRow]:
    """Drop the orders that came to nothing; their certificates are to be revoked."""
    return await tx.rows(
        "UPDATE certificate_order SET state = 'dropped' WHERE state = 'open'"
        " AND (application = %(application)s OR session = %(session)s)"
        " RETURNING order_id",
        {"application": application, "session": session},
        OrderRow,
    )
