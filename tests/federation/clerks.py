"""Clerks who ask all the time while something fails, and how long nobody was told anything."""

import sys
import time
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import attrs
import msgspec

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import Unavailable
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.run.chaos_cli import Gap
from kumihimo.run.federation import Federation
from tests.federation.processes import outcomes, questions_about, settle, two_towns, until
from tests.federation.standing import at_rest, each_stands_once
from tests.federation.street import MINATO, OSAKA

PEOPLE = 12
AT_ONCE = 4
CLERKS = 2  # one that waits for a room that does not answer does not stop the other
PAUSE_S = 0.5  # it is no benchmark
LOOK_S = 0.2
AFTERWARDS = 10  # batches that are acknowledged once all is well again
STILL_S = 5.0  # as long as systemd waits before it starts something again
WAITED_FOR = 200  # of the inquiries without an answer, those that are looked for at once


@attrs.define
class Load:
    """What clerks were told that it was taken, and when; and when they were given answers."""

    towns: "Towns"
    taken: list[str] = attrs.field(factory=list)
    at: list[float] = attrs.field(factory=list)
    answered_at: list[float] = attrs.field(factory=list)
    refused: list[str] = attrs.field(factory=list)
    over: Event = attrs.field(factory=Event)

    def ask(self):
        while not self.over.is_set():
            try:
                found = self.towns.minato.ask(questions_about(self.towns.names[:AT_ONCE]))
            except Unavailable as refusal:
                self.refused.append(refusal.code)
            except Refused as refusal:
                self.refused.append(refusal.reason)
            else:
                self.taken.extend(accepted.inquiry for accepted in found)
                self.at.append(time.monotonic())
            self.over.wait(PAUSE_S)

    def look(self):
        """Look for answers; an instant stands for all that came since the look before."""
        seen = set()
        while not self.over.wait(LOOK_S):
            waiting = [one for one in self.taken if one not in seen][:WAITED_FOR]
            try:
                found = self.towns.minato.answers(waiting) if waiting else []
            except (Unavailable, Refused):
                continue
            final = {one.inquiry for one in found if one.outcome}
            if final:
                seen |= final
                self.answered_at.append(time.monotonic())

    def batches(self, more):
        """Wait until so many more batches are acknowledged, and something is answered after them."""
        wanted = len(self.at) + more
        until(lambda: len(self.at) >= wanted)
        answered = len(self.answered_at)
        until(lambda: len(self.answered_at) > answered)

    @property
    def gap_s(self):
        """The longest time in which nothing was acknowledged."""
        return _longest(self.at)

    @property
    def answers_gap_s(self):
        """The longest time in which nobody was given an answer."""
        return _longest(self.answered_at)


def _longest(instants):
    return max(after - before for before, after in pairwise(instants))


@attrs.define
class Towns:
    """Two towns on a server: what their clerks were ever told that it was taken."""

    server: Any
    rooms: Federation
    minato: BusinessClient
    names: list[str]
    acknowledged: list[str] = attrs.field(factory=list)

    @contextmanager
    def asked_all_the_time(self):
        """Let clerks ask until the block ends; what they were told is waited for by `settled`."""
        load = Load(self)
        clerks = [Thread(target=one) for one in (*[load.ask] * CLERKS, load.look)]
        for clerk in clerks:
            clerk.start()
        try:
            load.batches(2)
            yield load
        finally:
            load.over.set()
            for clerk in clerks:
                clerk.join()
            self.acknowledged += load.taken

    def settled(self):
        """Wait until all that was acknowledged is answered, and nobody has anything left to tell."""
        until(lambda: outcomes(self.minato, self.acknowledged) == {"OK"})
        until(lambda: at_rest(self.server))

    def all_stands_once(self):
        """Check it when all is settled; some may stand of which no clerk heard that they were taken."""
        self.settled()
        each_stands_once(self.rooms, self.server, self.acknowledged, unheard=True)


@contextmanager
def towns_with_clerks(*, on_disk=True):
    """Run two towns with a durable server, people, and a clerk of Minato."""
    with (
        two_towns(durable=True, on_disk=on_disk) as (rooms, server),
        closing(rooms.client(MINATO)) as minato,
        closing(rooms.client(OSAKA)) as osaka,
    ):
        yield Towns(server, rooms, minato, settle(rooms, minato, osaka, PEOPLE))


@attrs.frozen
class Telling:
    """Says what was measured: a figure is for whoever reads it, and no bar of a busy machine."""

    capsys: Any
    file: str

    def __call__(self, failed, load):
        gap = Gap(
            failed=failed,
            acknowledged=len(load.taken),
            refused=len(load.refused),
            taken_s=round(load.gap_s, 1),
            answered_s=round(load.answers_gap_s, 1),
        )
        with self.capsys.disabled():
            sys.stderr.write(
                f"{failed}: {gap.acknowledged} acknowledged, {gap.refused} requests refused,"
                f" longest time in which nothing was taken {gap.taken_s} s,"
                f" in which nothing was answered {gap.answered_s} s\n"
            )
        if self.file:
            with Path(self.file).open("ab") as file:
                file.write(msgspec.json.encode(gap) + b"\n")
