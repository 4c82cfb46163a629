"""What the six screens share: the bar at the top, the keys at the bottom, panes, zoom, and news of jobs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.reactive import Reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from ftworkbench.tui.cell_updates import CellCompositor
from ftworkbench.tui.painting import PaintTimer
from ftworkbench.tui.watch import JobsChanged
from ftworkbench.tui.widgets.keybar import KeyBar
from ftworkbench.tui.widgets.topbar import TopBar

if TYPE_CHECKING:
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.app import Workbench

T = TypeVar("T")


class WorkbenchScreen(Screen[None]):
    """One of the six. A screen gives SCOPE, its BINDINGS = bindings(SCOPE), and `compose_content`.

    It may handle `JobsChanged` and `EventsArrived` (the app hands both to every screen that was opened), and override
    `recipe_opened` and `close_open`. Widgets with the class `pane` have a titled border and can be zoomed.
    """

    SCOPE: ClassVar[str] = ""
    ALLOW_IN_MAXIMIZED_VIEW = "TopBar,KeyBar"
    AUTO_FOCUS = ".pane"

    # Textual paints the whole screen when the focus moves; the panes that look different paint themselves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._cells = self._compositor = CellCompositor()
        self._paint_timer: PaintTimer | None = None

    @property
    def workbench(self) -> Workbench:
        """The app, by its real type."""
        return cast("Workbench", self.app)

    @property
    def unsaved(self) -> str:
        """What would be lost by leaving now, in one line; empty where nothing would."""
        return ""

    def compose(self) -> ComposeResult:
        yield TopBar(self.SCOPE, self.workbench.workspace.name)
        yield from self.compose_content()
        yield KeyBar()

    def compose_content(self) -> ComposeResult:
        """What stands between the two bars."""
        yield from ()

    def on_mount(self) -> None:
        self.query_one(TopBar).live = self.workbench.live
        if self.workbench.opened is not None:
            self.recipe_opened(self.workbench.opened)

    @property
    def _update_timer(self) -> Timer:
        if self._paint_timer is None:
            self._paint_timer = PaintTimer(self, 0.0, name="paint", callback=self._on_timer_update, pause=True)
            self._paint_timer._start()
            self._timers.add(self._paint_timer)
        return self._paint_timer

    def _update_focus_styles(self, focused: Widget | None = None, blurred: Widget | None = None) -> None:
        """Looks up the styles of what has the focus, or lost it, and of what they are in.

        Textual does so for all that is in there too; no style here says that a widget looks different because another
        has the focus.
        """
        nodes: set[DOMNode] = set()
        for widget in (focused, blurred):
            if widget is not None:
                nodes.update(node for node in widget.ancestors_with_self if node is widget or node._has_focus_within)
        self.app.stylesheet.update_nodes(nodes, animate=True)

    def is_idle(self, action: str) -> bool:
        """Whether the action of that id would now only say why it does nothing: the footer shows it dimly."""
        return False

    def on_screen_suspend(self) -> None:
        self._cells.sent.forget()

    def on_jobs_changed(self, message: JobsChanged) -> None:
        self.query_one(TopBar).live = message.live

    def recipe_opened(self, opened: Opened) -> None:
        """Called when the recipe was read, and again whenever it was read anew."""

    def recipe_failed(self, problems: tuple[str, ...]) -> None:
        """Called when the recipe could not be read; the one before stays."""

    def launch(
        self,
        work: Callable[[], T],
        then: Callable[[T], object] | None = None,
        *,
        doing: str = "this",
        group: str = "launch",
        failed: Callable[[BaseException], object] | None = None,
        quiet: bool = False,
    ) -> bool:
        """`Workbench.launch`, for what ends in this screen: when that is gone by then, nothing more happens."""
        then = None if then is None else partial(self._if_here, then)
        failed = None if failed is None else partial(self._if_here, failed)
        return self.workbench.launch(work, then, doing=doing, group=group, failed=failed, quiet=quiet)

    def _if_here(self, call: Callable[[T], object], result: T) -> None:
        if self.is_running and self.is_attached:
            call(result)

    def close_open(self) -> bool:
        """Closes what is open on this screen, the innermost first. False where nothing was."""
        if self.maximized is not None:
            self.minimize()
            return True
        return False

    def action_zoom(self) -> None:
        """Gives the whole screen to the pane with the focus, or takes it back."""
        if self.maximized is not None:
            self.minimize()
        elif (pane := self._focused_pane()) is not None:
            self.maximize(pane, container=False)

    def _focused_pane(self) -> Widget | None:
        if self.focused is None:
            return None
        line = [self.focused, *(node for node in self.focused.ancestors if isinstance(node, Widget))]
        return next((widget for widget in line if widget.has_class("pane")), None)
