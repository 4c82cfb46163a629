"""What holds on every screen: keys, help, palette, themes, keymap, leaving."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from made_jobs import Clock, make_job, make_job_folders
from textual.widgets import Input
from textual.widgets._toast import Toast
from workbenches import make_workspace, opened, settle, shown, until

from ftworkbench.errors import InputError
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import own_state, write_state
from ftworkbench.jobs.story import Story
from ftworkbench.tui.actions import SCREENS, SHARED_SCOPES, actions, read_keymap
from ftworkbench.tui.screens.data import DataScreen
from ftworkbench.tui.themes import read_themes
from ftworkbench.tui.watch import JobsChanged, JobWatch
from ftworkbench.workspace import Workspace


@pytest.mark.parametrize("scope", [*SCREENS, *SHARED_SCOPES])
def test_every_action_has_an_id_of_its_scope_and_no_key_twice(scope: str) -> None:
    found = actions(scope)
    assert all(action.id.startswith(f"{scope}.") and action.help and action.title for action in found)
    keys = [key for action in found for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))


async def test_digits_go_to_the_screens_and_each_stays_as_it_was(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("j", "j", "2")
        await settle(app, pilot)
        assert "▐2 Recipe▌" in shown(app)
        await pilot.press("1")
        assert isinstance(app.screen, DataScreen)
        assert app.screen.rows.cursor == 2


async def test_help_lists_what_the_keys_do_here_and_everywhere(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=(120, 60)) as (app, pilot):
        await pilot.press("question_mark")
        text = shown(app)
        assert "Keep the row for training" in text
        assert "Is every example worth learning from?" in text
        await pilot.press("G", "q")
        assert isinstance(app.screen, DataScreen)
        await pilot.press("f1")
        assert "Keep the row for training" in shown(app)


async def test_the_palette_finds_an_action_by_its_name_and_does_it(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("ctrl+p")
        await pilot.press(*"reject")
        await until(pilot, lambda: "Leave the row out" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DataScreen))
        await until(pilot, lambda: app.screen.review.state(0).status == "rejected")  # type: ignore[attr-defined]


async def test_a_theme_is_changed_at_once_and_kept(tmp_path: Path) -> None:
    recipe = make_workspace(tmp_path / "desk")
    async with opened(recipe) as (app, pilot):
        before = app.theme
        await pilot.press("T")
        chosen = app.theme
        assert chosen != before
    async with opened(recipe) as (app, _):
        assert app.theme == chosen


async def test_the_keymap_of_the_user_changes_keys_footer_and_help(tmp_path: Path) -> None:
    config = tmp_path / "config" / "ftworkbench"
    config.mkdir(parents=True)
    (config / "keymap.toml").write_text('"data.reject" = "d"\n"data.nonsense" = "y"\n')
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await until(pilot, lambda: "data.nonsense" in shown(app))
        assert "d reject" in shown(app)
        await pilot.press("d")
        assert isinstance(app.screen, DataScreen)
        assert app.screen.review is not None
        assert app.screen.review.state(0).status == "rejected"


def test_a_keymap_that_is_not_toml_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keymap.toml"
    path.write_text("data.reject = \n")
    keymap, problems = read_keymap(path)
    assert not keymap
    assert len(problems) == 1
    assert "\n" not in problems[0]


def test_every_theme_can_be_read_and_one_of_the_users_too(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "ftworkbench" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('name = "mine"\n[colors]\nprimary = "#ff8800"\n')
    (folder / "broken.toml").write_text('[colors]\nprimary = "no colour"\n')
    themes, problems = read_themes()
    assert {"ink", "paper", "harbor", "contrast", "mine"} <= {theme.name for theme in themes}
    assert len(problems) == 1
    assert "broken.toml" in problems[0]


async def test_what_fails_in_the_background_is_one_line_without_markup(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):

        def fail() -> None:
            raise InputError("rows.jsonl: [/b] and \x1b[31m are not \u202e fine")

        app.launch(fail, doing="failing")
        await until(pilot, lambda: "[/b] and ␛[31m are not ‹U+202E› fine" in shown(app))


async def test_a_second_launch_waits_for_the_first_of_its_group(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        release = threading.Event()
        done: list[str] = []
        assert app.launch(lambda: release.wait(5), lambda _: done.append("first"), doing="starting it")
        assert not app.launch(lambda: None, lambda _: done.append("second"), doing="starting it")
        release.set()
        await until(pilot, lambda: done == ["first"])


async def test_letters_are_written_in_a_line_and_do_nothing_else(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk")) as (app, pilot):
        await pilot.press("f", *"ax2q")
        assert isinstance(app.screen, DataScreen)
        assert app.screen.query_one(Input).value == "ax2q"


async def test_a_narrow_footer_keeps_help(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=(40, 24)) as (app, _):
        *_, first, last = shown(app).splitlines()
        assert "? help" in last
        assert "a accept" in first


def test_the_watch_ends_within_a_fifth_of_a_second(tmp_path: Path) -> None:
    watch = JobWatch(Workspace(tmp_path), lambda _: None)
    thread = threading.Thread(target=watch.run)
    thread.start()
    time.sleep(0.3)
    started = time.monotonic()
    watch.stop()
    thread.join(2)
    assert not thread.is_alive()
    assert time.monotonic() - started < 0.2


async def test_a_stray_escape_says_nothing_and_q_says_once_how_to_leave(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=(80, 24)) as (app, pilot):
        await pilot.press("escape", "escape")
        assert not list(app.screen.query(Toast))
        await pilot.press("q", "q", "q")
        await until(pilot, lambda: "ctrl+q leaves the workbench" in shown(app))
        assert len(app.screen.query(Toast)) == 1


async def test_at_most_two_lines_stand_at_the_edge_and_the_newest_are_these(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=(80, 24)) as (app, pilot):
        for word in ("one", "two", "two", "three", "four", "three"):
            app.tell(f"said {word}", "warning")
            await pilot.pause()
        await until(pilot, lambda: "said three" in shown(app))
        assert {"four", "three"} == {word for word in ("one", "two", "three", "four") if f"said {word}" in shown(app)}
        for word in ("five", "six"):
            app.tell(f"said {word}")
        await until(pilot, lambda: "said six" in shown(app) and "said five" not in shown(app))


async def test_a_long_line_is_said_whole_at_80_columns(tmp_path: Path) -> None:
    async with opened(make_workspace(tmp_path / "desk"), size=(80, 24)) as (app, pilot):
        for length in range(20, 60, 3):
            app.clear_notifications()
            app.tell(" ".join(["row"] * length + ["end."]))
            await pilot.pause()
            await until(pilot, lambda: "end." in shown(app))


async def test_where_a_text_is_written_the_footer_names_the_key_that_sends_it(tmp_path: Path) -> None:
    made = make_job_folders(tmp_path / "tickets")
    async with opened(None, start="compare", root=made.workspace.root) as (app, pilot):

        def footer() -> str:
            return "\n".join(shown(app).splitlines()[-2:])

        assert "enter ask" in footer()
        await pilot.press("i")
        await until(pilot, lambda: "ctrl+s ask" in footer())
        assert "esc close" in footer()
        assert "enter" not in footer()


async def test_at_80_columns_the_header_names_the_workspace_beside_a_running_job(tmp_path: Path) -> None:
    made = make_job_folders(tmp_path / "tickets")
    async with opened(None, root=made.workspace.root, size=(80, 24)) as (app, pilot):
        await until(pilot, lambda: "42%" in shown(app))
        header = shown(app).splitlines()[0]
        assert "6 Ship" in header
        assert "tickets  ● 42%" in header


async def test_a_job_that_waits_does_not_take_the_header_from_the_one_that_runs(tmp_path: Path) -> None:
    made = make_job_folders(tmp_path / "tickets")
    queued = make_job(made.workspace, "evaluate", Clock(2e9))
    write_state(queued, own_state("queued", 1))
    async with opened(None, root=made.workspace.root) as (app, pilot):
        await until(pilot, lambda: len(app.jobs) == 8)
        assert "42%" in shown(app).splitlines()[0]


def whole_story(job: Job) -> Story:
    story = Story()
    story.add(read_events(job.events)[0])
    return story


def test_jobs_that_ended_are_listed_without_reading_their_whole_stories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_job_folders(tmp_path / "tickets")
    monkeypatch.delattr("ftworkbench.steps.jobs.Tail")  # what would read all of one
    posted: list[JobsChanged] = []
    JobWatch(made.workspace, posted.append).poll()  # type: ignore[arg-type]
    entries = {entry["job"]: entry for entry in posted[0].jobs}
    done, stopped = entries[made.jobs["done"].name], entries[made.jobs["stopped"].name]
    assert (done["step"], done["steps"], stopped["step"], stopped["steps"]) == (300, 300, 150, 300)
    assert done["loss"] == whole_story(made.jobs["done"]).latest("loss")
    assert stopped["why"] == "asked to stop at step 150"
