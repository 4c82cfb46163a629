"""The workbench: six screens over one workspace, and the way between them."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.command import Provider
from textual.message import Message
from textual.worker import get_current_worker

from ftworkbench.errors import RecipeError
from ftworkbench.jobs.names import short_name
from ftworkbench.printable import printable
from ftworkbench.tui.actions import SCREENS, bindings, read_keymap
from ftworkbench.tui.endings import Endings
from ftworkbench.tui.screens.screen import WorkbenchScreen
from ftworkbench.tui.sessions import Sessions
from ftworkbench.tui.themes import DEFAULT_THEME, VARIABLES, read_themes, remember_theme, remembered_theme
from ftworkbench.tui.typing_ahead import KeysInTurn
from ftworkbench.tui.watch import LIVE_PHASES, EventsArrived, JobsChanged, JobWatch, Live
from ftworkbench.tui.working import WorkingApp
from ftworkbench.workspace import Workspace

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.steps.recipe import Opened

# A key is answered while threads read rows: they give the interpreter back five times sooner than Python would ask.
_SWITCH_SECONDS = 0.001
# Python looks for circles of objects when there are so many new ones. At its own 700 a page waits 15 ms now and then.
_COLLECT_AFTER = 20_000


class ThemeChanged(Message, bubble=False):
    """The colours are others now: whoever drew with them draws again. The app hands it to every screen."""


def _palette_provider() -> type[Provider]:
    from ftworkbench.tui.palette import ActionProvider

    return ActionProvider


def make_screen(name: str) -> WorkbenchScreen:
    """The screen of that name, imported at its first visit."""
    module = importlib.import_module(f"ftworkbench.tui.screens.{name}")
    screen: WorkbenchScreen = getattr(module, f"{name.capitalize()}Screen")()
    return screen


class Workbench(WorkingApp, inherit_bindings=False):
    """Routes: keys to screens, news of recipe and jobs to screens."""

    CSS_PATH = "styles/app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    MODES = {name: partial(make_screen, name) for name in SCREENS}  # noqa: RUF012
    COMMANDS = {_palette_provider}  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 6.0
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (150, "-wide")]  # noqa: RUF012

    def __init__(self, workspace: Workspace, recipe: Path | None, start: str = "data") -> None:
        super().__init__()
        self.workspace = workspace
        self.recipe_path = recipe
        self.opened: Opened | None = None
        self.jobs: tuple[Mapping[str, Any], ...] = ()
        self._endings = Endings()
        self.live: Live | None = None
        self.selected_job: str | None = None
        self.sessions = Sessions()
        self.job_watch = JobWatch(workspace, self.post_message)
        self.title = f"ftworkbench: {printable(workspace.name)}"
        self._start = start
        self._key = ""
        self._keys = KeysInTurn(self)
        self._load_themes()

    async def on_event(self, event: events.Event) -> None:
        """A line or a text that is written shows what it holds, so nothing is pasted into one that is not printable."""
        if isinstance(event, events.Paste):
            event.text = printable(event.text)
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._keys.begin(event):
            self._key = event.key
            self.forget_passing()
            target = self.focused or self.screen
            await super().on_event(event)
            self._keys.follow(event, target)

    def push_screen(self, *args: Any, **options: Any) -> Any:
        """Shows a screen above, with nothing in its way that was said in passing."""
        self.forget_passing(at_once=True)
        return super().push_screen(*args, **options)

    # Start and end

    def on_mount(self) -> None:
        keymap, problems = read_keymap()
        self.set_keymap(keymap)
        for problem in [*self._theme_problems, *problems]:
            self.tell(problem, "warning")
        self.switch_mode(self._start)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """What can wait until the first paint."""
        gc.freeze()  # what start-up made stays for good: without it a collection holds a key up for 50 ms
        gc.set_threshold(_COLLECT_AFTER)
        self.run_worker(self._watch_jobs, thread=True, group="watch", name="watch", exit_on_error=False)
        if self.recipe_path is not None:
            self.open_recipe(self.recipe_path)

    def on_unmount(self) -> None:
        self.job_watch.stop()

    def _watch_jobs(self) -> None:
        worker = get_current_worker()
        try:
            self.job_watch.run(lambda: worker.is_cancelled)
        except Exception as error:
            self.call_from_thread(self.tell_error, "watching the jobs", error)

    def open_recipe(self, path: Path, then: Callable[[], object] | None = None) -> None:
        """Reads the recipe off the event loop, tells every screen, then calls `then`.

        Errors are said; the recipe before stays.
        """

        def work() -> Opened:
            from ftworkbench.steps.recipe import open_recipe

            return open_recipe(path)

        def done(opened: Opened) -> None:
            self._recipe_opened(opened)
            if then is not None:
                then()

        self.launch(work, done, doing="reading the recipe", group="recipe", failed=self._recipe_failed)

    def _recipe_failed(self, error: BaseException) -> None:
        problems = error.problems if isinstance(error, RecipeError) else (str(error),)
        for screen in self.opened_screens():
            screen.recipe_failed(problems)

    def _recipe_opened(self, opened: Opened) -> None:
        self.opened = opened
        self.recipe_path = opened.path
        for screen in self.opened_screens():
            screen.recipe_opened(opened)

    def opened_screens(self) -> Iterator[WorkbenchScreen]:
        """The screens among the six that have been visited."""
        for name in SCREENS:
            stack = self._screen_stacks.get(name)
            if stack and isinstance(stack[0], WorkbenchScreen) and stack[0].is_running:
                yield stack[0]

    # News of jobs

    def on_jobs_changed(self, message: JobsChanged) -> None:
        self.jobs, self.live = message.jobs, message.live
        if ended := self._endings.of(message.jobs):
            self.call_back(", ".join(ended))
        for screen in self.opened_screens():
            screen.post_message(JobsChanged(message.jobs, message.live))

    def on_events_arrived(self, message: EventsArrived) -> None:
        for screen in self.opened_screens():
            screen.post_message(EventsArrived(message.job, message.events))

    def follow(self, job: Job | None) -> None:
        """Makes `job` the one whose events come as `EventsArrived`, from its first one."""
        self.selected_job = None if job is None else job.name
        self.job_watch.follow(job)

    def job_started(self, job: Job, what: str = "started", show: str = "runs") -> None:
        """Follows a job that was just launched, and goes where it is seen."""
        self.tell(f"{what}: {short_name(job.name)}; it goes on even if you leave")
        self.follow(job)
        self.switch_mode(show)

    # Themes

    def _load_themes(self) -> None:
        themes, self._theme_problems = read_themes()
        self.theme_names = [theme.name for theme in themes]
        for theme in themes:
            self.register_theme(theme)
        wanted = remembered_theme()
        self.theme = (
            wanted
            if wanted in self.theme_names
            else next((name for name in (DEFAULT_THEME, *self.theme_names) if name in self.theme_names), self.theme)
        )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(VARIABLES)

    def action_choose_theme(self, name: str) -> None:
        self.theme = name
        remember_theme(name)
        for screen in self.opened_screens():
            screen.post_message(ThemeChanged())

    def action_next_theme(self) -> None:
        if self.theme_names:
            place = self.theme_names.index(self.theme) if self.theme in self.theme_names else -1
            self.action_choose_theme(self.theme_names[(place + 1) % len(self.theme_names)])
            self.tell(f"theme: {self.theme}")

    # Actions that hold everywhere

    def action_help(self) -> None:
        from ftworkbench.tui.help import HelpScreen
        from ftworkbench.tui.holding import held_actions

        self.push_screen(HelpScreen(self._help_title(), held_actions(self.screen)))

    def _help_title(self) -> str:
        name = self.current_mode
        from ftworkbench.tui.actions import find_action

        action = find_action(f"app.show-{name}")
        return f"{action.title}: {action.help}" if action else "Help"

    def action_palette(self) -> None:
        from textual.command import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="What to do…"))

    def action_show(self, name: str) -> None:
        self.switch_mode(name)

    def action_close(self) -> None:
        """Closes what is open. Where nothing is, only a key that may have been meant to leave says how one does."""
        if isinstance(self.screen, WorkbenchScreen) and not self.screen.close_open() and self._key != "escape":
            self.tell("nothing is open here; ctrl+q leaves the workbench")

    def action_leave(self) -> None:
        unsaved = [words for screen in self.opened_screens() if (words := screen.unsaved)]
        if not unsaved:
            self.exit()
            return
        from ftworkbench.tui.widgets.dialogs import Answer, Ask

        answers = [Answer("l", "leave without them", "leave")]
        self.push_screen(Ask("Leave?", "\n".join(unsaved), answers), lambda answer: self.exit() if answer else None)

    def action_interrupt(self) -> None:
        if selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
            self.tell("copied")
        else:
            self.tell("ctrl+q leaves the workbench; jobs go on without it")


def run_workbench(workspace: Workspace, recipe: Path | None) -> int:
    """Opens the workbench on a workspace until the user leaves it. Gives the exit code."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = Workbench(workspace, recipe)
    app.run()
    for line in last_words(app, app.sessions.end()):
        print(line, file=sys.stderr)
    return app.return_code or 0


def last_words(app: Workbench, ended: Set[str]) -> Iterator[str]:
    """What goes on after the workbench was left: the job at work, and sessions of others that hold a model.

    `ended` are the sessions that end with it.
    """

    def named(job: str) -> tuple[str, str]:
        return printable(short_name(job)), printable(os.path.relpath(app.workspace.jobs / job))

    if app.live is not None:
        name, folder = named(app.live.name)
        yield f"{name} goes on ({app.live.phase}); `ftworkbench watch {folder}` follows it"
    for entry in app.jobs:
        if entry["kind"] == "session" and entry["phase"] in LIVE_PHASES and entry["job"] not in ended:
            name, folder = named(entry["job"])
            yield f"the session {name}, started elsewhere, still holds memory; `ftworkbench stop {folder}` ends it"
