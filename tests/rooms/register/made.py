"""Events and numbers for tests, in the test space only."""

from datetime import date
from itertools import count

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.ids import new_id
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import ResidentCode
from kumihimo.rooms.register.api import Attributes, Event

MINATO, OSAKA = "lg-131032", "lg-271004"
_ids = count()
DAY = date(2020, 4, 1)


def fresh_id():
    return new_id(SeededEntropy(f"event {next(_ids)}"))


def code(index):
    return ResidentCode.generate(f"{index:010}", space=NumberSpace.TEST).reveal()


def event(kind, who, day=DAY, **more):
    return Event(event=fresh_id(), kind=kind, resident_code=code(who), effective_on=day, **more)


def birth(who, day=DAY, **more):
    written = {
        "name": f"高橋 {'花' * (1 + who % 3)}{chr(0x4E00 + who % 2000)}",
        "birth": "1990-04-01",
        "sex": "2",
        "address": f"東京都港区芝公園二丁目{1 + who // 90}番{1 + who % 90}号",
        "municipality": "131032",
    }
    return event("birth", who, day, **(written | more))


def correction(who, day=DAY, **more):
    written = {"officers": ("officer-1", "officer-2"), "reason": "届書の誤記"}
    return event("correction", who, day, **(written | more))


def restoration(who, day=DAY, **more):
    written = {"officers": ("officer-1", "officer-2"), "reason": "別人の死亡届"}
    return event("restoration", who, day, **(written | more))


def attributes(of, **changes):
    written = {"name": of.name, "birth": of.birth, "sex": of.sex, "address": of.address}
    return Attributes(**(written | changes))
