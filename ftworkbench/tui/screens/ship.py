"""The Ship screen: is what I export the thing that I measured?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content

from ftworkbench.errors import InputError
from ftworkbench.tui.actions import bindings
from ftworkbench.tui.screens.jobs_screen import JobsScreen
from ftworkbench.tui.text import entitle, shown
from ftworkbench.tui.widgets.item_list import ItemList
from ftworkbench.tui.widgets.job_list import Entry, JobList
from ftworkbench.tui.widgets.job_words import ALIVE, job_title
from ftworkbench.tui.widgets.lines_view import LinesView, wrapped
from ftworkbench.tui.widgets.run_view import clock
from ftworkbench.tui.widgets.run_words import head_lines

if TYPE_CHECKING:
    from ftworkbench.jobs.folder import Job
    from ftworkbench.tui.shipping import Shipping

_EMPTY = "Nothing was tuned here yet, so there is nothing to ship. The Recipe screen (2) trains."


class ShipScreen(JobsScreen):
    """Left the trained jobs, right what becomes of the chosen one."""

    SCOPE = "ship"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("ship")]
    CSS_PATH = "../styles/ship.tcss"
    AUTO_FOCUS = "#trained"

    def __init__(self) -> None:
        super().__init__()
        self._adopted: str | None = None
        self._shipping: Shipping | None = None
        self._out: dict[str, str] = {}

    def compose_content(self) -> ComposeResult:
        with Container(classes="body"):
            trained = JobList(empty=_EMPTY, id="trained")
            trained.border_title = "Trained"
            yield trained
            shipping = LinesView(id="shipping")
            shipping.border_title = "Ship"
            yield shipping

    def on_mount(self) -> None:
        self.on_screen_resume()

    # Which training job

    def on_screen_resume(self) -> None:
        self.take_jobs(self.workbench.jobs)
        selected = self.workbench.selected_job
        if selected is not None and selected != self._adopted:
            self._adopted = selected
            self.query_one(JobList).go_to(selected)

    def show_jobs(self, entries: Sequence[Entry]) -> None:
        self.query_one(JobList).show_jobs(self.trained())
        self._read()

    @on(ItemList.Moved, "#trained")
    def _moved(self) -> None:
        self._shipping, self.telling = None, None
        self.query_one("#shipping", LinesView).show(lambda width: ())
        self._read()

    def _job(self) -> Job | None:
        entry = self.query_one(JobList).item
        return None if entry is None else self.job_named(entry["job"])

    def _read(self) -> None:
        """Looks, off the event loop, what there is of the chosen job."""
        job, workspace = self._job(), self.workbench.workspace
        if job is None:
            self._shipping = None
            self._refresh_shipping()
            return
        from ftworkbench.tui.shipping import read_shipping

        group = f"shipping of {job.name}"
        if not self.workbench.is_busy(group):
            self.workbench.launch(
                lambda: read_shipping(workspace, job), self._was_read, doing="reading it", group=group
            )

    def _was_read(self, shipping: Shipping) -> None:
        if shipping.train_job != self._job():
            return
        self._shipping = shipping
        merge = shipping.merge
        if merge is not None and (self.telling is None or self.telling.job != merge):
            self.follow_job(merge)
        self._refresh_shipping()

    def story_moved(self) -> None:
        self._refresh_shipping()

    # What is shown

    def _refresh_shipping(self) -> None:
        pane = self.query_one("#shipping", LinesView)
        shipping = self._shipping
        entry = self.query_one(JobList).item
        entitle(pane, "Ship" if entry is None else f"Ship {job_title(entry)}")
        if shipping is None:
            pane.show(lambda width: ())
            return
        pane.show(lambda width: self._lines(shipping, width), top=False)

    def _lines(self, shipping: Shipping, width: int) -> list[Content]:
        from ftworkbench.tui.widgets.ship_words import proof_lines, use_lines, verdict_lines

        lines = [*verdict_lines(shipping.verdict, width, void=shipping.void), Content("")]
        lines += self._merge_lines(shipping, width)
        lines += proof_lines(shipping, width) if shipping.phase == "done" else []
        return [*lines, *use_lines(shipping, width)]

    def _merge_lines(self, shipping: Shipping, width: int) -> list[Content]:
        """The merge at work or broken off, or where one would go."""
        merge = shipping.merge
        entry = self.entries.get(merge.name) if merge is not None else None
        if merge is not None and entry is not None and entry["phase"] != "done" and self.telling is not None:
            lines = head_lines(entry, self.telling.story, width, clock())
            if entry["phase"] in ALIVE:
                return [*lines, Content("")]
            return [*lines, *self._offer(shipping, width), Content("")]
        return [] if shipping.merged is not None and shipping.there else [*self._offer(shipping, width), Content("")]

    def _offer(self, shipping: Shipping, width: int) -> list[Content]:
        folder = shown(self._folder(shipping.train_job), "bold")
        key = "bold $primary"
        text = Content.assemble(
            ("m", key), " merges the adapter into its model, to ", folder, ("   o", key), " another folder"
        )
        proof = (
            "In full precision, from the base as it was before any quantization. It is then loaded again and must "
            "give the answers that the adapter gives."
        )
        return [*wrapped(text, width), *wrapped(Content.styled(proof, "$text-muted"), width)]

    def _folder(self, train_job: Job) -> str:
        from ftworkbench.tui.shipping import default_out

        return self._out.get(train_job.name) or default_out(train_job)

    # Actions

    def action_folder(self) -> None:
        from ftworkbench.tui.widgets.dialogs import AskLine

        job = self._job()
        if job is None:
            return

        def chosen(folder: str | None) -> None:
            if folder is not None:
                self._out[job.name] = folder.strip()
                self._refresh_shipping()

        hint = "From the workspace on, or a whole path. It must be empty, or not be there yet."
        self.app.push_screen(
            AskLine("Where does the merged model go?", self._folder(job), hint=hint, check=self._check_folder), chosen
        )

    def _out_path(self, folder: str) -> Path:
        return (self.workbench.workspace.root / Path(folder.strip()).expanduser()).resolve()

    def _check_folder(self, folder: str) -> None:
        if not folder.strip():
            raise InputError("name a folder")
        path = self._out_path(folder)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(f"{path}: is there already and not empty; name another folder")

    def action_merge(self) -> None:
        from ftworkbench.steps.merge import start_merge

        job, workspace = self._job(), self.workbench.workspace
        if job is None:
            self.workbench.tell("there is nothing to merge yet")
            return
        out = self._out_path(self._folder(job))
        self.workbench.launch(
            lambda: start_merge(workspace, job, out), self._started, doing="starting the merge", group="merge"
        )

    def _started(self, job: Job) -> None:
        self.workbench.tell("merging; it goes on even if you leave")
        self.follow_job(job)
        self._read()

    def _copy(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        self.workbench.tell(f"copied {what}")

    def _merged_path(self) -> str | None:
        shipping = self._shipping
        if shipping is None or shipping.merged is None or not shipping.there:
            self.workbench.tell("nothing is merged yet; m does it")
            return None
        return str(shipping.merged["path"])

    def action_copy_serve(self) -> None:
        from ftworkbench.tui.shipping import serve_line

        if (path := self._merged_path()) is not None:
            self._copy(serve_line(path), "the line that serves it")

    def action_copy_load(self) -> None:
        from ftworkbench.tui.shipping import load_lines

        if (path := self._merged_path()) is not None:
            self._copy(load_lines(path), "the lines that load it")

    def action_copy_adapter(self) -> None:
        from ftworkbench.tui.shipping import adapter_lines

        if (job := self._job()) is not None:
            self._copy(adapter_lines(str(job.adapter)), "the lines that load base and adapter")
