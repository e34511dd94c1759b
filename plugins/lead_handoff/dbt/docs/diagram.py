"""The entity diagram of the marts as SVG: facts left, what they refer to in the middle, sums right.

Each mart shows its key and the columns that refer to others. All references to one mart share a
lane, so that thirty marts stay readable; nothing is left to chance, so that the file changes only
when the marts do.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from lead_handoff.dbt.docs.catalogue import Mart

HEADER, ROW, GAP = 24, 16, 22
LANE, CHANNEL, MARGIN, TOP = 13, 48, 24, 64
CHARACTER = 6.7
COLOURS = (
    *("#1f6fb2", "#b9770e", "#2e7d32", "#a23b72", "#5b5ea6", "#00838f", "#c0392b", "#6d4c41"),
    *("#558b2f", "#7b1fa2", "#37474f", "#ad8b00"),
)
STYLE = """
    .box { fill: #ffffff; stroke: #52616b; stroke-width: 1.2; }
    .restricted { stroke-dasharray: 5 3; }
    .name { font-weight: bold; fill: #ffffff; }
    .fact { fill: #31608f; } .other { fill: #2e7d32; } .sum { fill: #8a5a00; }
    .key { font-weight: bold; fill: #1d2b36; } .more { fill: #7b8790; font-style: italic; }
    .column { fill: #1d2b36; } .title { font-size: 15px; font-weight: bold; fill: #1d2b36; }
    .line { fill: none; stroke-width: 1.3; }
"""
FACTS, OTHERS, SUMS = 0, 1, 2
LEGEND = ("Facts", "Dimensions and bridges", "Aggregates")
CLASSES = ("fact", "other", "sum")


@dataclass
class Box:
    """A mart in its place."""

    mart: Mart
    place: int
    x: float = 0
    y: float = 0
    width: float = 0

    @property
    def rows(self) -> list[str]:
        """Columns shown: the key, then what refers to others."""
        referring = [c.name for columns in self.mart.references().values() for c in columns]
        ordered = [c.name for c in self.mart.columns if c.name in referring]
        return [*self.mart.key, *(name for name in ordered if name not in self.mart.key)]

    @property
    def height(self) -> float:
        """With the line that counts what is not shown."""
        return HEADER + ROW * (len(self.rows) + 1) + 8

    def y_of(self, column: str) -> float:
        """Middle of a column's row; of the header for one that is not shown."""
        if column not in self.rows:
            return self.y + HEADER / 2
        return self.y + HEADER + 4 + ROW * (self.rows.index(column) + 0.5)

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width


def drawn(known: list[Mart]) -> str:
    """The picture of these marts."""
    boxes = {mart.name: Box(mart, _place(mart)) for mart in known}
    columns = [[box for box in boxes.values() if box.place == place] for place in range(3)]
    lanes = _lanes(boxes)
    _stack(columns[FACTS])
    columns[OTHERS] = _nearest(columns[OTHERS], boxes)
    for place in (OTHERS, SUMS):
        _stack(columns[place])
    x: float = MARGIN
    for place, members in enumerate(columns):
        x += max(LANE * (len(lanes[place]) + 1), CHANNEL if place else 0)
        width = max((_width(box) for box in members), default=0)
        for box in members:
            box.x, box.width = x, width
        x += width
    bottom = max((box.y + box.height for box in boxes.values()), default=TOP)
    parts = [_lines(boxes, lanes)] + [_box(box) for box in boxes.values()]
    for place, members in enumerate(columns):
        if members:
            parts.append(_text(members[0].x, 30, LEGEND[place], "title"))
    width, height = x + MARGIN, bottom + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
        ' font-family="Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="11">\n'
        "  <title>Which mart refers to which</title>\n"
        f"  <style>{STYLE}  </style>\n"
        f'  <rect width="{width:.0f}" height="{height:.0f}" fill="#f7f9fb"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _place(mart: Mart) -> int:
    if mart.name.startswith("fct_"):
        return FACTS
    return OTHERS if mart.name.startswith(("dim_", "bridge_")) else SUMS


def _width(box: Box) -> float:
    longest = max(len(text) + 2 for text in [*box.rows, box.mart.name, "99 further columns"])
    return longest * CHARACTER + 16


def _stack(members: list[Box]) -> None:
    y: float = TOP
    for box in members:
        box.y = y
        y += box.height + GAP


def _nearest(members: list[Box], boxes: dict[str, Box]) -> list[Box]:
    """In the order of the facts that refer to them, so that lanes are short."""

    def centre(box: Box) -> tuple[float, str]:
        heights = [
            other.y_of(column.name)
            for other in boxes.values()
            if other.place == FACTS
            for column in other.mart.references().get(box.mart.name, [])
        ]
        return (sum(heights) / len(heights) if heights else float("inf")), box.mart.name

    return sorted(members, key=centre)


def _lanes(boxes: dict[str, Box]) -> list[list[str]]:
    """The marts referred to in each of the three channels, left of each column of boxes."""
    lanes: list[set[str]] = [set(), set(), set()]
    for box in boxes.values():
        for target in box.mart.references():
            for channel in _channels(box, boxes[target]):
                lanes[channel].add(target)
    return [sorted(names) for names in lanes]


def _channels(source: Box, target: Box) -> tuple[int, ...]:
    """Where a reference runs: in its target's channel, or from the sums over to the facts'."""
    if source is target:
        return ()
    if source.place == SUMS:
        return (SUMS,) if target.place != FACTS else (SUMS, OTHERS)
    if source.place == FACTS and target.place == FACTS:
        return (FACTS,)
    return (OTHERS,)


def _lines(boxes: dict[str, Box], lanes: list[list[str]]) -> str:
    targets = sorted({target for names in lanes for target in names})
    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(targets)}
    channel_x = [
        min((box.x for box in boxes.values() if box.place == place), default=0.0)
        for place in range(3)
    ]
    joins: dict[tuple[int, str], list[tuple[float, float]]] = defaultdict(list)
    for box in boxes.values():
        for target, columns in box.mart.references().items():
            for channel in _channels(box, boxes[target])[:1]:
                edge = box.right if box.place < channel else box.x
                joins[channel, target] += [(edge, box.y_of(column.name)) for column in columns]
    parts = []
    for (channel, target), ends in sorted(joins.items()):
        colour = colours[target]
        x = channel_x[channel] - LANE * (len(lanes[channel]) - lanes[channel].index(target))
        aim = boxes[target]
        entry = _key_row(aim)
        if channel == SUMS and aim.place == FACTS:
            over = TOP - 16 - 2 * lanes[channel].index(target)
            other = channel_x[OTHERS] - LANE * (len(lanes[OTHERS]) - lanes[OTHERS].index(target))
            parts.append(_path(colour, [(x, over), (other, over), (other, entry)]))
            parts.append(_arrow(colour, other, aim.right, entry))
            heights = [over, *(y for _, y in ends)]
        else:
            from_left = aim.place == channel
            parts.append(_arrow(colour, x, aim.x if from_left else aim.right, entry))
            heights = [entry, *(y for _, y in ends)]
        parts.append(_path(colour, [(x, min(heights)), (x, max(heights))]))
        for edge, y in sorted(set(ends)):
            parts.append(_path(colour, [(edge, y), (x, y)]))
            parts.append(f'  <circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{colour}"/>')
    return "\n".join(parts)


def _key_row(box: Box) -> float:
    """Lanes end at the header: it names the mart."""
    return box.y + HEADER / 2


def _arrow(colour: str, x: float, edge: float, y: float) -> str:
    back = -7 if edge > x else 7
    head = f"M{edge:.1f},{y:.1f} l{back},-4 l0,8 z"
    return _path(colour, [(x, y), (edge + back, y)]) + f'\n  <path d="{head}" fill="{colour}"/>'


def _path(colour: str, points: list[tuple[float, float]]) -> str:
    start, *others = points
    steps = "".join(
        f" H{x:.1f}" if y == before[1] else f" V{y:.1f}"
        for before, (x, y) in pairwise([start, *others])
    )
    return f'  <path class="line" stroke="{colour}" d="M{start[0]:.1f},{start[1]:.1f}{steps}"/>'


def _box(box: Box) -> str:
    restricted = " restricted" if box.mart.area == "restricted" else ""
    size = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}"'
    parts = [
        f'  <rect class="box{restricted}" {size} height="{box.height:.0f}"/>',
        f'  <rect class="{CLASSES[box.place]}" {size} height="{HEADER}"/>',
        _text(box.x + 8, box.y + 16, box.mart.name, "name"),
    ]
    for name in box.rows:
        is_key = name in box.mart.key
        parts.append(_text(box.x + 8, box.y_of(name) + 4, name, "key" if is_key else "column"))
    more = len(box.mart.columns) - len(box.rows)
    further = f"{more} further column{'s' if more != 1 else ''}"
    parts.append(_text(box.x + 8, box.y + box.height - 9, further, "more"))
    return "\n".join(parts)


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'  <text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
