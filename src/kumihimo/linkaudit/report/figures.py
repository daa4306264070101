"""Plots as SVG: a waterfall of weights, bars, rates with their intervals. No script, no value.

Every figure says in `alt` what it shows, and no meaning rests on a colour alone.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

import attrs
import msgspec

FOR, AGAINST, QUIET, INK = "#0017c1", "#ba000f", "#767676", "#1a1a1a"
_FONT: Final = "Noto Sans CJK JP, Noto Sans JP, Hiragino Sans, Yu Gothic, sans-serif"
_WIDTH: Final = 720
_LEFT: Final = 190  # what labels take
_RIGHT: Final = 110  # what numbers take
_LINE: Final = 30
_BITS_MAX: Final = 60.0


class Figure(msgspec.Struct, frozen=True):
    """A plot: the SVG, and what it shows in words."""

    svg: str
    alt: str
    caption: str


@attrs.frozen
class Step:
    """One step of a waterfall: its name, and its weight in bits (positive: the same person)."""

    name: str
    bits: float


@attrs.frozen
class Bar:
    """One bar: its name, its length, and what is written beside it."""

    name: str
    value: float
    told: str


@attrs.frozen
class Rate:
    """One rate with its interval, as shares."""

    name: str
    low: float
    value: float
    high: float
    told: str


def waterfall(start: Step, steps: Sequence[Step], total: str, *, caption: str) -> Figure:
    """Draw how bits of evidence add up, from what is expected of any record to the sum."""
    ends = [start.bits]
    for step in steps:
        ends.append(ends[-1] + step.bits)
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = _scale(low, high)
    parts = [_axis(scale(0.0), len(steps) + 2)]
    parts += _drop(0, start, 0.0, start.bits, scale, colour=QUIET)
    for n, step in enumerate(steps, start=1):
        parts += _drop(
            n, step, ends[n - 1], ends[n], scale, colour=FOR if step.bits >= 0 else AGAINST
        )
    parts += _drop(len(steps) + 1, Step(total, ends[-1]), 0.0, ends[-1], scale, colour=INK)
    every = [start, *steps, Step(total, ends[-1])]
    alt = "、".join(f"{one.name} {_bits(one.bits)}" for one in every)
    return Figure(_svg(len(steps) + 2, parts), f"{caption}：{alt}", caption)


def bars(lines: Sequence[Bar], *, caption: str) -> Figure:
    """Draw bars whose lengths go with the logarithm of the count, so that the rare is seen too."""
    most = max((math.log10(one.value + 1) for one in lines), default=0.0) or 1.0
    room = _WIDTH - _LEFT - _RIGHT
    parts: list[str] = []
    for n, one in enumerate(lines):
        length = room * math.log10(one.value + 1) / most
        parts.append(_label(n, one.name))
        parts.append(_rect(_LEFT, n, length, FOR))
        parts.append(_text(_LEFT + length + 6, n, one.told))
    alt = "、".join(f"{one.name} {one.told}" for one in lines)
    return Figure(_svg(len(lines), parts), f"{caption}：{alt}", caption)


def rates(lines: Sequence[Rate], *, caption: str) -> Figure:
    """Draw rates with their intervals on a scale of logarithms."""
    floor = min((one.low for one in lines if one.low > 0), default=1e-6)
    least = math.floor(math.log10(max(floor, 1e-8)))
    most = math.ceil(math.log10(max((one.high for one in lines), default=1.0) or 1.0))
    most = max(most, least + 1)
    room = _WIDTH - _LEFT - _RIGHT

    def at(share: float) -> float:
        place = (math.log10(max(share, 10.0**least)) - least) / (most - least)
        return _LEFT + room * min(max(place, 0.0), 1.0)

    parts = [
        _tick(at(10.0**power), len(lines), f"{10.0 ** (power + 2):g} %")
        for power in range(least, most + 1)
    ]
    for n, one in enumerate(lines):
        y = _middle(n)
        parts.append(_label(n, one.name))
        parts.append(
            f'<path d="M{at(one.low):.1f} {y}H{at(one.high):.1f}" stroke="{FOR}" stroke-width="3"/>'
        )
        parts.append(f'<circle cx="{at(one.value):.1f}" cy="{y}" r="6" fill="{FOR}"/>')
        parts.append(_text(_WIDTH - _RIGHT + 12, n, one.told))
    alt = "、".join(f"{one.name} {one.told}" for one in lines)
    return Figure(_svg(len(lines) + 1, parts), f"{caption}：{alt}", caption)


@attrs.frozen
class _Scale:
    low: float
    high: float

    def __call__(self, bits: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        kept = min(max(bits, self.low), self.high)
        return _LEFT + room * (kept - self.low) / (self.high - self.low)


def _scale(low: float, high: float) -> _Scale:
    low, high = max(low, -_BITS_MAX), min(high, _BITS_MAX)
    return _Scale(low - 1.0, high + 1.0)


def _drop(
    n: int, step: Step, before: float, after: float, scale: _Scale, *, colour: str
) -> list[str]:
    x, end = sorted((scale(before), scale(after)))
    return [
        _label(n, step.name),
        _rect(x, n, max(end - x, 1.5), colour),
        _text(_WIDTH - _RIGHT + 12, n, _bits(step.bits)),
    ]


def _bits(bits: float) -> str:
    return f"{bits:+.1f}".replace("-", "\u2212")


def _axis(x: float, lines: int) -> str:
    return f'<path d="M{x:.1f} 0V{lines * _LINE}" stroke="{QUIET}" stroke-dasharray="3 3"/>'


def _tick(x: float, lines: int, told: str) -> str:
    line = f'<path d="M{x:.1f} 0V{lines * _LINE}" stroke="#d9d9d9"/>'
    return line + (
        f'<text x="{x:.1f}" y="{_middle(lines) + 5}" text-anchor="middle" font-size="12"'
        f' fill="{INK}">{escape(told)}</text>'
    )


def _label(n: int, name: str) -> str:
    return (
        f'<text x="{_LEFT - 10}" y="{_middle(n) + 5}" text-anchor="end" font-size="14"'
        f' fill="{INK}">{escape(name)}</text>'
    )


def _text(x: float, n: int, told: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{_middle(n) + 5}" font-size="14" fill="{INK}">{escape(told)}</text>'
    )


def _rect(x: float, n: int, width: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{_middle(n) - 9}" width="{width:.1f}" height="18" fill="{colour}"/>'
    )


def _middle(n: int) -> int:
    return n * _LINE + _LINE // 2


def _svg(lines: int, parts: Sequence[str]) -> str:
    height = lines * _LINE + 4
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' font-family="{_FONT}">{"".join(parts)}</svg>'
    )
