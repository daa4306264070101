"""Cuts an act of a counter at one point: before or after a message, a command or a note."""

from typing import Any

import attrs

from kumihimo.card.applications import COMMON, JPKI, JUKI, TEXT
from kumihimo.card.files import Pin
from kumihimo.card.memory import slot, tries_slot
from kumihimo.rooms.cards.counter import PLACES, Counter
from kumihimo.rooms.cards.notes import unfinished


class Cut(Exception):
    """The power went, the card was pulled, the line broke, or the program was killed."""


class Knife:
    """Falls at the point with that number; without one it only counts the points."""

    def __init__(self, at=None):
        self.at = at
        self.points = 0

    def __call__(self):
        self.points += 1
        if self.at is not None and self.points > self.at:
            raise Cut

    @property
    def fell(self):
        return self.at is not None and self.points > self.at

    def transmit(self, process):
        def cut(command):
            self()
            answer = process(command)
            self()
            return answer

        return cut


@attrs.frozen
class KnifeCentre:
    centre: Any
    knife: Knife

    async def ask(self, path, question, reply):
        self.knife()
        answer = await self.centre.ask(path, question, reply)
        self.knife()
        return answer


@attrs.frozen
class KnifeNotes:
    notes: Any
    knife: Knife

    def add(self, line):
        self.knife()
        self.notes.add(line)
        self.knife()

    def lines(self):
        return self.notes.lines()


def under(knife, counter) -> Counter:
    """Return a counter whose every step the knife may cut."""
    changed: dict[str, Any] = {
        "centre": KnifeCentre(counter.centre, knife),
        "transmit": knife.transmit(counter.transmit),
        "notes": KnifeNotes(counter.notes, knife),
    }
    return attrs.evolve(counter, **changed)


def pins_of(memory):
    """Return each PIN of a chip that a holder sets: its value and tries, and its limit."""
    found = {}
    for application in (JPKI, TEXT, JUKI, COMMON):
        for kind, places in PLACES.items():
            for where, fid in places:
                entry = application.entries.get(fid)
                if where is application and isinstance(entry, Pin):
                    value = memory.read(slot(application.name, fid))
                    [left] = memory.read(tries_slot(application.name, fid))
                    found[application.name, kind] = (value, left, entry.limit)
    return found


async def assert_agreement(house, serial):
    """Centre, counter and chip say the same, and no PIN that has a value lacks a try."""
    card, sessions = await house.sessions(serial)
    assert {phase for _, phase in sessions} <= {"committed", "aborted"}
    notes = house.notes["lg-131032"]
    assert unfinished(notes) == {}
    marks = {line.session: line.mark for line in notes.lines()}
    for session, phase in sessions:
        assert marks.get(session, phase) == phase
    known = {session for session, _ in sessions}
    assert {mark for session, mark in marks.items() if session not in known} <= {"aborted"}
    for value, left, limit in pins_of(house.tray.memories[serial]).values():
        assert left == (limit if value is not None else 0)
    return card
