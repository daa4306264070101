"""Whom to believe (c2sp.org/tlog-policy): which logs, which witnesses, and how many of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Self

import attrs

from kumihimo.kernel.tlog.checkpoint import Checkpoint
from kumihimo.kernel.tlog.note import BadNote, Kind, Note, NoteKey

_NONE: Final = "none"
_LINES_MAX: Final = 1_000
_COUNT: Final = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_LOG_WORDS: Final = (2, 3)
_WITNESS_WORDS: Final = (3, 4)


class PolicyBroken(ValueError):
    """The policy is not of its form; says the line."""


class NotBelieved(ValueError):
    """A checkpoint is not signed as the policy asks."""


@attrs.frozen
class Group:
    """So many of these witnesses and groups."""

    least: int
    members: tuple[str, ...]


@attrs.frozen
class Believed:
    """A checkpoint that the policy accepts, and when each witness signed it (POSIX seconds)."""

    checkpoint: Checkpoint
    witnessed: Mapping[str, int]


@attrs.frozen
class Policy:
    """Logs, witnesses by name, groups by name, and the name that must have witnessed."""

    logs: tuple[NoteKey, ...]
    witnesses: Mapping[str, NoteKey]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy; raises `PolicyBroken`."""
        reader = _Reader()
        lines = text.split("\n")
        if len(lines) > _LINES_MAX:
            raise PolicyBroken("a policy has too many lines")
        for number, line in enumerate(lines, start=1):
            words = line.strip(" \t").split()
            if words and not words[0].startswith("#"):
                try:
                    reader.read(words)
                except ValueError as error:
                    raise PolicyBroken(f"line {number}: {error}") from error
        if reader.quorum is None:
            raise PolicyBroken("a policy says its quorum")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def believe(self, note: Note) -> Believed:
        """Return the checkpoint of a note; raises `NotBelieved`.

        Signed by a log whose name it bears, and witnessed by the quorum; a signature of a known key
        that does not hold spoils the whole.
        """
        try:
            checkpoint = Checkpoint.parse(note.text)
            note.check([key for key in self.logs if key.name == checkpoint.origin])
        except BadNote as error:
            raise NotBelieved(f"the log: {error}") from error
        witnessed: dict[str, int] = {}
        for name, key in self.witnesses.items():
            if any(key.made(signature) for signature in note.signatures):
                try:
                    [held] = note.check([key])
                except BadNote as error:
                    raise NotBelieved(f"witness {name}: {error}") from error
                assert held.at is not None, "a policy's witnesses cosign"
                witnessed[name] = held.at
        if not self._witnessed(self.quorum, witnessed):
            raise NotBelieved("too few of the witnesses that are asked for")
        return Believed(checkpoint, witnessed)

    def _witnessed(self, name: str, by: Mapping[str, int]) -> bool:
        if name == _NONE:
            return True
        if name in self.witnesses:
            return name in by
        group = self.groups[name]
        return sum(self._witnessed(member, by) for member in group.members) >= group.least


@attrs.define
class _Reader:
    """A policy that is being read, line by line."""

    logs: list[NoteKey] = attrs.field(factory=list[NoteKey])
    witnesses: dict[str, NoteKey] = attrs.field(factory=dict[str, NoteKey])
    groups: dict[str, Group] = attrs.field(factory=dict[str, Group])
    quorum: str | None = None
    taken: set[str] = attrs.field(factory=set[str])

    def read(self, words: Sequence[str]) -> None:
        """Take one line; raises `ValueError`."""
        match words:
            case ["log", key, *_] if len(words) in _LOG_WORDS:
                self.logs.append(self._key(key, Kind.TEXT, self.logs))
            case ["witness", name, key, *_] if len(words) in _WITNESS_WORDS:
                self._fresh(name)
                known = list(self.witnesses.values())
                self.witnesses[name] = self._key(key, Kind.COSIGNATURE, known)
            case ["group", name, least, *members] if members:
                self._fresh(name)
                self.groups[name] = self._group(least, members)
            case ["quorum", name] if self.quorum is None:
                if name != _NONE:
                    self._known(name)
                self.quorum = name
            case _:
                raise ValueError("not a line of a policy")

    def _key(self, text: str, kind: Kind, known: Sequence[NoteKey]) -> NoteKey:
        found = NoteKey.parse(text)
        if found.kind is not kind:
            raise ValueError("a log signs text, a witness cosigns")
        if any(found.public == other.public for other in known):
            raise ValueError("this key stands twice")
        return found

    def _group(self, least: str, members: Sequence[str]) -> Group:
        for member in members:
            self._known(member)
            if member in self.taken:
                raise ValueError("a member stands in one place only")
            self.taken.add(member)
        counts = {"any": 1, "all": len(members)}
        if least not in counts and not _COUNT.fullmatch(least):
            raise ValueError("any, all, or a number")
        count = counts.get(least) or int(least)
        if count > len(members):
            raise ValueError("more than the group has")
        return Group(count, tuple(members))

    def _fresh(self, name: str) -> None:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise ValueError("this name is taken")

    def _known(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise ValueError("a name that is not known yet")
