"""What a question or objection is about: an entry of her history, an inquiry at register, a proxy's act."""

from typing import Final

import msgspec

from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.pages.engine import Language
from kumihimo.pages.forms import Form, text
from kumihimo.pages.visits import Visit
from kumihimo.rooms.ledger.api import MyRecord
from kumihimo.rooms.portal import proxies_reading, questions, reading, wording
from kumihimo.rooms.portal.pages.delegated import ShownAct, acts_shown
from kumihimo.rooms.portal.pages.looked import Entry, entry_of, filter_of
from kumihimo.rooms.portal.pages.site import Site
from kumihimo.rooms.portal.proxies_reading import Act
from kumihimo.rooms.portal.questions import OVERSIGHT, Asked, Kind
from kumihimo.rooms.register.api import OfficeAsked

_ASKING: Final = "asking-about"  # in `kept`: what a question is about


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One of the three."""

    record: MyRecord | None = None
    inquiry: OfficeAsked | None = None
    act: Act | None = None

    def kinds(self) -> dict[Kind, str]:
        """Return what she may say of it, and to whom that goes."""
        if self.record is not None:
            return {
                "question": self.record.requester,
                "objection": OVERSIGHT,
                "not-mine": self.record.provider,
            }
        if self.inquiry is not None:
            return {"question": self.inquiry.office, "objection": OVERSIGHT}
        return {"objection": OVERSIGHT}

    def entry(self, language: Language) -> Entry | None:
        """Return an entry of her history as pages show it."""
        return None if self.record is None else entry_of(self.record, language)

    def read(self, language: Language) -> ShownAct | None:
        """Return what a proxy read as pages show it."""
        return None if self.act is None else acts_shown([self.act], language)[0]

    def said(self) -> str:
        """Return what her card signs of it."""
        entry, read = self.entry("ja"), self.read("ja")
        if entry is not None:
            return f"{entry.at} {entry.requester} → {entry.provider}（{entry.affair}）"
        if read is not None:
            return f"{read.at} 代理で見た {read.label}（{read.purpose}）"
        assert self.inquiry is not None, "it is one of the three"
        office = wording.body(self.inquiry.office).japanese
        affair = wording.affair(self.inquiry.affair).japanese
        return f"{self.inquiry.on} {office} → 住基ネット（{affair}）"


async def chosen(site: Site, visit: Visit, form: Form) -> Subject:
    """Return what a button beside an entry names; raises `NotFound` for what is not hers."""
    if inquiry := text(form, "inquiry"):
        told = (await reading.offices(site.portal, visit)).inquiries
        inquiries = {one.inquiry: one for one in told}
        if inquiry not in inquiries:
            raise NotFound
        return Subject(inquiry=inquiries[inquiry])
    if act := text(form, "act"):
        acts = {one.act: one for one in await proxies_reading.acts_on(site.portal, visit, None)}
        if act not in acts:
            raise NotFound
        return Subject(act=acts[act])
    return Subject(record=await _record(site, visit, text(form, "record")))


async def _record(site: Site, visit: Visit, name: str) -> MyRecord:
    """Return an entry of the page that she sees, or of the latest, which other pages show."""
    found = await reading.records(site.portal, visit, filter_of(visit))
    shown = {one.record: one for one in found.records}
    if name not in shown:
        shown = {one.record: one for one in (await reading.latest(site.portal, visit)).records}
    if name not in shown:
        raise NotFound
    return shown[name]


def keep(visit: Visit, subject: Subject) -> None:
    """Keep what she is about to say something of."""
    visit.kept[_ASKING] = msgspec.json.encode(subject).decode()


def kept(visit: Visit) -> Subject | None:
    """Return what she is about to say something of."""
    found = visit.kept.get(_ASKING)
    return None if found is None else msgspec.json.decode(found, type=Subject)


def drop(visit: Visit) -> None:
    """Forget it: it was said."""
    visit.kept.pop(_ASKING, None)


def asked(subject: Subject, form: Form) -> Asked:
    """Return what she says of it. Raises `BadInput` for nothing that can be said of it."""
    kinds = subject.kinds()
    chosen: list[Kind] = [one for one in kinds if one == text(form, "kind")]
    if not chosen:
        raise BadInput("choose one", pointer="kind")
    [kind] = chosen
    record, act = subject.record, subject.act
    return Asked(
        kind=kind,
        addressee=kinds[kind],
        record=record.record if record else act.act if act else "",
        entry=subject.said(),
        text=questions.check(text(form, "text")),
        inquiry=subject.inquiry,
    )
