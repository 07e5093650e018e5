"""The mean working day as a drawing in SVG, made of nothing but text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 860
HEIGHT: Final = 430
LEFT: Final = 64
RIGHT: Final = 826
TOP: Final = 92
BOTTOM: Final = 370
HOURS: Final = 24
STYLE: Final = """
  .card { fill: #ffffff; stroke: #d0d7de; }
  .ink { fill: #1f2328; }
  .soft { fill: #59636e; }
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
  text.title { font-size: 17px; font-weight: 600; }
  .grid { stroke: #d8dee4; }
  .axis { stroke: #59636e; }
  .window { fill: #0969da; fill-opacity: .10; }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
  .without { stroke: #bc4c00; stroke-dasharray: 6 4; }
  .with { stroke: #0969da; }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d; }
    .ink { fill: #f0f6fc; }
    .soft { fill: #9198a1; }
    .grid { stroke: #262c36; }
    .axis { stroke: #9198a1; }
    .window { fill: #4493f8; fill-opacity: .16; }
    .without { stroke: #f0883e; }
    .with { stroke: #4493f8; }
  }
"""
"""Two lines that differ in more than colour, on a ground of their own: an image does not know its page's."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What there is to see. Power in kW at even steps through the day, hours since midnight."""

    title: str
    subtitle: str
    description: str
    without: tuple[float, ...]
    shifted: tuple[float, ...]
    window: tuple[float, float]
    caption: str
    """Of the window."""


def svg(drawing: Drawing) -> str:
    top = _round_up(max(*drawing.without, *drawing.shifted))
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(drawing.title)}</title>',
        f'<desc id="description">{escape(drawing.description)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>',
        _text(LEFT - 40, 32, drawing.title, "title ink"),
        _text(LEFT - 40, 54, drawing.subtitle, "soft"),
        *_window(drawing),
        *_power_axis(top),
        *_time_axis(),
        _line(drawing.without, top, "without"),
        _line(drawing.shifted, top, "with"),
        *_legend(),
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def _window(drawing: Drawing) -> Iterator[str]:
    begin, end = (_x(min(hour, HOURS)) for hour in drawing.window)
    yield f'<rect class="window" x="{begin:.1f}" y="{TOP}" width="{end - begin:.1f}" height="{BOTTOM - TOP}"/>'
    yield _text((begin + end) / 2, TOP - 8, drawing.caption, "soft", anchor="middle")


def _power_axis(top: int) -> Iterator[str]:
    yield _text(LEFT - 8, TOP - 8, "kW", "soft", anchor="end")
    for kilowatts in range(0, top + 1, _step(top)):
        y = _y(kilowatts, top)
        kind = "grid" if kilowatts else "axis"
        yield f'<line class="{kind}" x1="{LEFT}" y1="{y:.1f}" x2="{RIGHT}" y2="{y:.1f}"/>'
        yield _text(LEFT - 8, y + 4.5, str(kilowatts), "soft", anchor="end")


def _time_axis() -> Iterator[str]:
    for hour in range(0, HOURS + 1, 3):
        x = _x(hour)
        yield f'<line class="axis" x1="{x:.1f}" y1="{BOTTOM}" x2="{x:.1f}" y2="{BOTTOM + 5}"/>'
        yield _text(x, BOTTOM + 21, f"{hour:02}:00", "soft", anchor="middle")
    yield _text((LEFT + RIGHT) / 2, BOTTOM + 44, "time of day, local", "soft", anchor="middle")


def _legend() -> Iterator[str]:
    for place, (kind, words) in enumerate((("without", "without the event"), ("with", "with the event"))):
        x, y = RIGHT - 170, TOP + 22 + place * 22
        yield f'<path class="line {kind}" d="M{x} {y}h34"/>'
        yield _text(x + 44, y + 4.5, words, "ink")


def _line(values: Sequence[float], top: int, kind: str) -> str:
    step = timedelta(hours=HOURS) / len(values) / timedelta(hours=1)
    points = ((_x((number + 0.5) * step), _y(value, top)) for number, value in enumerate(values))
    return f'<path class="line {kind}" d="M{"L".join(_pairs(points))}"/>'


def _pairs(points: Iterable[tuple[float, float]]) -> Iterator[str]:
    return (f"{x:.1f} {y:.1f}" for x, y in points)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _x(hour: float) -> float:
    return LEFT + (RIGHT - LEFT) * hour / HOURS


def _y(kilowatts: float, top: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * kilowatts / top


def _step(top: int) -> int:
    return max(1, top // 5)


def _round_up(kilowatts: float) -> int:
    """To five even steps."""
    unit = 50 if kilowatts > 100 else 5
    return max(1, ceil(kilowatts / unit)) * unit
