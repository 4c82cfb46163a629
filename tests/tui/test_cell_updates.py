"""What is sent to the terminal of what changed: as little as may be, and nothing wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pyte
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from ftworkbench.tui.cell_updates import CellsUpdate, Sent, WholeUpdate
from ftworkbench.tui.widgets.changed import changed_runs

WIDTH, HEIGHT = 40, 6
STYLES = [Style(color=colour, bold=bold) for colour in ("red", "green") for bold in (True, False)]
CONSOLE = Console(force_terminal=True, color_system="truecolor", width=WIDTH)


def line(draw: random.Random, alphabet: Sequence[str]) -> Strip:
    """A line of the full width, in pieces of any style."""
    segments: list[Segment] = []
    while (room := WIDTH - Strip(segments).cell_length) > 0:
        text = "".join(draw.choices(alphabet, k=draw.randint(1, 9)))
        segments.append(Segment(text, draw.choice(STYLES)))
        if Strip(segments).cell_length > WIDTH:
            segments[-1] = Segment(" " * room, draw.choice(STYLES))
    return Strip(segments)


def edited(draw: random.Random, before: Strip, alphabet: Sequence[str]) -> Strip:
    """The line with a part of another one in it."""
    first = draw.randrange(WIDTH - 4)
    end = draw.randrange(first + 1, WIDTH)
    part = line(draw, alphabet).crop(0, end - first)
    return Strip.join([before.crop(0, first), part, before.crop(end, WIDTH)])


def looks(screen: pyte.Screen) -> list[list[tuple[str, str, bool]]]:
    return [
        [(cell.data, cell.fg, cell.bold) for cell in (screen.buffer[y][x] for x in range(WIDTH))] for y in range(HEIGHT)
    ]


def whole(lines: list[Strip], sent: Sent) -> str:
    return WholeUpdate([[each] for each in lines], Region(0, 0, WIDTH, HEIGHT), sent).render_segments(CONSOLE)


def test_after_any_edits_the_terminal_shows_what_a_whole_paint_would() -> None:
    for seed in range(30):
        draw = random.Random(seed)
        alphabet = ("ab ", "ab 界語", ("a", "b", " ", "e\u0301", "界"))[seed % 3]
        lines = [line(draw, alphabet) for _ in range(HEIGHT)]
        sent = Sent()
        screen = pyte.Screen(WIDTH, HEIGHT)
        stream = pyte.Stream(screen)
        stream.feed(whole(lines, sent))
        for _ in range(40):
            y = draw.randrange(HEIGHT)
            lines[y] = edited(draw, lines[y], alphabet)
            stream.feed(CellsUpdate([(y, 0, lines[y])], sent).render_segments(CONSOLE))
        fresh = pyte.Screen(WIDTH, HEIGHT)
        pyte.Stream(fresh).feed(whole(lines, Sent()))
        assert looks(screen) == looks(fresh), seed


def test_what_stands_there_already_is_not_sent_again() -> None:
    draw = random.Random(1)
    lines = [line(draw, "abc ") for _ in range(HEIGHT)]
    sent = Sent()
    whole(lines, sent)
    assert CellsUpdate([(2, 0, lines[2])], sent).render_segments(CONSOLE) == ""
    changed = Strip.join([lines[2].crop(0, 10), Strip([Segment("Z", STYLES[0])]), lines[2].crop(11, WIDTH)])
    assert len(CellsUpdate([(2, 0, changed)], sent).render_segments(CONSOLE)) < 40


def test_once_somebody_else_has_written_all_of_it_is_sent() -> None:
    draw = random.Random(1)
    lines = [line(draw, "abc ") for _ in range(HEIGHT)]
    sent = Sent()
    whole(lines, sent)
    sent.forget()
    assert len(CellsUpdate([(2, 0, lines[2])], sent).render_segments(CONSOLE)) > WIDTH


def test_a_style_is_said_once_for_all_that_has_it() -> None:
    lines = [Strip([Segment("." * WIDTH, STYLES[0])]) for _ in range(HEIGHT)]
    sent = Sent()
    whole(lines, sent)
    both = [Segment("|", STYLES[1]), Segment("-" * (WIDTH - 2), STYLES[2]), Segment("|", STYLES[1])]
    text = CellsUpdate([(y, 0, Strip(both)) for y in range(HEIGHT)], sent).render_segments(CONSOLE)
    assert text.count("m") == 4  # each of the two begins and ends


def test_a_stretch_that_differs_never_cuts_a_wide_character() -> None:
    before, now = Strip([Segment("ab界cd")]), Strip([Segment("ab語cd")])
    assert changed_runs(before, now) == [(2, 4)]
    assert changed_runs(before, Strip([Segment("abXYcd")])) == [(2, 4)]


def test_two_changes_far_from_each_other_are_two_stretches_near_ones_are_one() -> None:
    before = Strip([Segment("." * 40)])
    assert changed_runs(before, Strip([Segment("X" + "." * 38 + "X")])) == [(0, 1), (39, 40)]
    assert changed_runs(before, Strip([Segment("X...X" + "." * 35)])) == [(0, 5)]
