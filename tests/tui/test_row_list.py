"""Lists of many rows: what is worked out before it is asked for, and what is painted of a screen."""

from __future__ import annotations

from pathlib import Path

import pyte
import pytest
from rich.console import Console
from textual.app import App, ComposeResult
from workbenches import make_workspace, opened, settle, until

from ftworkbench.tui.cell_updates import split_spans
from ftworkbench.tui.rows import RowLine
from ftworkbench.tui.themes import VARIABLES
from ftworkbench.tui.widgets.row_list import RowList
from ftworkbench.tui.widgets.row_pen import fit

ROWS = 100_000
SIZE = (100, 30)


class Rows(App[None]):
    """A list of rows and nothing else; `told` are those that it asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[int] = []
        self.rows = RowList(self._describe, lambda: None)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(VARIABLES)

    def compose(self) -> ComposeResult:
        yield self.rows

    def on_mount(self) -> None:
        self.rows.show(range(ROWS))

    def _describe(self, index: int) -> RowLine:
        self.told.append(index)
        return RowLine(index + 1, "unreviewed", f"row {index + 1}", "", (), edited=False, problems=())

    @property
    def seen(self) -> set[int]:
        top = round(self.rows.scroll_y)
        return set(range(top, top + self.rows.scrollable_content_region.height))


@pytest.mark.parametrize("turn", ["pagedown", "pageup", "ctrl+d", "ctrl+u"])
async def test_a_page_is_worked_out_before_one_turns_to_it(turn: str) -> None:
    app = Rows()
    async with app.run_test(size=SIZE) as pilot:
        app.rows.move_to(5000)
        first = app.seen
        for _ in range(3):
            page = app.seen
            await until(pilot, lambda page=page: set(range(min(page) - 30, max(page) + 30)) <= set(app.told))
            told = set(app.told)
            await pilot.press(turn)
            assert app.seen <= told
        assert not first & app.seen or turn.startswith("ctrl")


async def test_the_first_page_and_the_last_are_worked_out_too() -> None:
    app = Rows()
    async with app.run_test(size=SIZE) as pilot:
        app.rows.move_to(5000)
        await until(pilot, lambda: {*range(25), *range(ROWS - 25, ROWS)} <= set(app.told))


async def test_a_row_is_worked_out_once_and_a_long_list_never_whole() -> None:
    app = Rows()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: len(app.told) > 60)
        await pilot.pause(0.1)
        app.told.clear()
        for _ in range(5):
            before = len(app.told)
            await pilot.press("pagedown")
            await until(pilot, lambda before=before: len(app.told) > before)
            await pilot.pause(0.1)
        # The row under the cursor looks different with the cursor on it
        assert len(app.told) <= len(set(app.told)) + 5
        assert len(app.told) < 300


async def test_the_scroll_bar_goes_with_the_lines() -> None:
    app = Rows()
    async with app.run_test(size=SIZE) as pilot:
        bar = app.rows.vertical_scrollbar
        for key in ("pagedown", "G", "k", "pageup", "g"):
            await pilot.press(key)
            assert bar.position == app.rows.scroll_y
        top = bar.render_lines(bar.size.region)
        await pilot.press("G")
        assert bar.render_lines(bar.size.region) != top


async def test_what_is_painted_in_pieces_is_what_a_whole_paint_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(force_terminal=True, color_system="truecolor")
    async with opened(make_workspace(tmp_path / "desk"), size=(100, 30)) as (app, pilot):
        compositor = app.screen._compositor
        in_pieces = pyte.Screen(100, 30)
        terminal = pyte.Stream(in_pieces)
        terminal.feed(compositor.render_full_update().render_segments(console))
        for name in ("render_partial_update", "render_full_update"):
            original = getattr(compositor, name)

            def render(original: object = original, **simply: bool) -> object:
                update = original(**simply)  # type: ignore[operator]
                if update is not None:
                    terminal.feed(update.render_segments(console))
                return update

            monkeypatch.setattr(compositor, name, render)
        for key in ("j", "G", "k", "pageup", "pagedown", "a", "x", "v", "j", "escape", "tab", "j", "u", "?", "escape"):
            await pilot.press(key)
            await settle(app, pilot)
            if app.screen._compositor is not compositor:
                continue
            whole = pyte.Screen(100, 30)
            pyte.Stream(whole).feed(type(compositor).render_full_update(compositor).render_segments(console))
            for y in range(30):
                assert [in_pieces.buffer[y][x] for x in range(100)] == [whole.buffer[y][x] for x in range(100)]


def test_spans_of_cells_are_split_at_the_edges_of_a_widget() -> None:
    assert split_spans([(0, 10)], 2, 5) == ([(2, 5)], [(0, 2), (5, 10)])
    assert split_spans([(2, 5)], 0, 10) == ([(2, 5)], [])
    assert split_spans([(0, 2), (5, 9)], 2, 6) == ([(5, 6)], [(0, 2), (6, 9)])
    assert split_spans([], 0, 10) == ([], [])


@pytest.mark.parametrize("text", ["", "a", "abcdef", "abcdefg", "żółć", "日本語", "a日本語b", "▸"])
@pytest.mark.parametrize("width", [0, 1, 2, 6])
def test_a_text_fills_exactly_so_many_cells(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(fit(text, width)) == width
