"""What a document is made of. All text is plain: whoever renders it escapes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """`level` 1 is the document's title."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Bullets:
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """`head` names the columns; `numbers` are the places of those that stand to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Verbatim:
    """A text to the letter, such as an answer or a recipe, under a label.

    `marks` are the starts and ends of what differs in it from what it is held against, in order.
    """

    label: str
    text: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Curve:
    """A line of a chart: its name, and its points by step."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Chart:
    """Curves over the same steps."""

    title: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Folded:
    """Blocks that are seen when their title is opened, where the form allows it."""

    title: str
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | Bullets | Table | Verbatim | Chart | Folded
Document = Sequence[Block]
