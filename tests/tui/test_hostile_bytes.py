"""Nothing in data, recipes, jobs or answers steers the terminal: every screen, by its keys, in a real terminal.

Each text begins with a short word of its own, so that a test can say which it has seen, in its visible form.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hostile import C1, Workplace, answered, hostile, leaks, make_workplace, visible
from terminal import Terminal, open_workbench

SIZES = [(80, 24), (120, 40)]
SAMPLE = 3  # one test in so many at the second size
QUIET = 0.04


class Visit:
    """One test's time at the terminal: what it saw, and what it made the workbench send."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.seen: list[str] = []
        self.ended_well = False
        self._since = len(terminal.raw)

    def press(self, *keys: str) -> Visit:
        for key in keys:
            self.seen.append(self.terminal.press(key, quiet=QUIET))
        return self

    def wait(self, wanted: str | Callable[[str], bool]) -> Visit:
        try:
            self.terminal.wait(wanted)
        except AssertionError:
            assert not self.leaks()  # says more than that something was not seen
            raise
        self.seen.append(self.terminal.settle(QUIET))
        return self

    def write(self, text: str) -> Visit:
        """Types it, without a look at every letter."""
        self.terminal.send(text)
        return self.wait(text)

    def paste(self, text: str, shown: str) -> Visit:
        """Pastes, and waits for what is shown of it."""
        self.terminal.paste(text)
        return self.wait(shown)

    def go(self, key: str, name: str) -> Visit:
        """To another screen, once it is painted."""
        self.press(key)
        return self.wait(f"▐{key} {name}▌")

    def leaks(self) -> list[str]:
        return leaks(bytes(self.terminal.raw[self._since :]))

    def saw(self, *spots: str, literally: tuple[str, ...] = ()) -> None:
        """Checks that these were on the screen, visibly and as they are written, and that nothing leaked."""
        assert not self.leaks()
        everything = "\n".join(self.seen)
        missing = [spot for spot in spots if visible(spot) not in everything]
        missing += [text for text in literally if text not in everything]
        assert not missing, f"{missing} never came; last was\n{self.seen[-1]}"
        self.ended_well = True


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    made = make_workplace(tmp_path_factory.mktemp("hostile"))
    with answered(made.jobs["compare"], made.jobs["tokens"]):
        yield made


class Desk:
    """A workbench that is left open from test to test, and opened anew after one that failed."""

    def __init__(self, open_one: Callable[[], Terminal], size: tuple[int, int]) -> None:
        self._open = open_one
        self.size = size
        self._terminal: Terminal | None = None
        self._visit: Visit | None = None

    def visit(self) -> Visit:
        if self._visit is not None and not self._visit.ended_well:
            self.close()
        if self._terminal is None:
            self._terminal = self._open()
            self._terminal.wait(visible("Us"))
        self._terminal.settle()
        self._visit = Visit(self._terminal)
        return self._visit

    def leave(self) -> tuple[int, bytes]:
        """Leaves the workbench, and gives its exit code and all that it sent."""
        terminal = self.visit().terminal
        return terminal.leave("ctrl+q"), bytes(terminal.raw)

    def close(self) -> None:
        if self._terminal is not None:
            self._terminal.close()
        self._terminal = self._visit = None


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def desk(
    workplace: Workplace, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    own = {f"XDG_{name}_HOME": str(tmp_path_factory.mktemp(name.lower())) for name in ("CONFIG", "STATE")}
    found = Desk(lambda: open_workbench(workplace.workspace.root, *request.param, env=own), request.param)
    yield found
    found.close()


@pytest.fixture
def visit(desk: Desk, request: pytest.FixtureRequest) -> Visit:
    """All at the first size; a sample of them at the other, all there too with FTWORKBENCH_ALL=1."""
    names = [name for name in request.module.__dict__ if name.startswith("test_")]
    place = names.index(request.function.__name__)
    if desk.size != SIZES[0] and place % SAMPLE and not os.environ.get("FTWORKBENCH_ALL"):
        pytest.skip("not in the sample for this size")
    return desk.visit()


def test_rows_tags_and_edits_are_shown_as_what_they_are(visit: Visit) -> None:
    visit.go("1", "Data").press("g", "j", "j", "j", "j", "j", "j", "j", "z", "z")
    visit.press("g", "tab", "G", "g", "tab")
    visit.saw("Tr", "Us", "As", "Tg", "Ed", "Ea", "Ne", "Nj", literally=("[/b]", "[red]IMPORTANT[/red]"))


def test_a_search_and_a_filter_that_are_hostile_themselves(visit: Visit) -> None:
    visit.go("1", "Data").press("f").paste(f"/{C1}(/", "/‹9B›(/").press("enter").wait("no regular").press("esc")
    visit.press("/").paste(f"{C1}Qs\u202e", "‹9B›Qs‹U+202E›").press("enter", "q")
    visit.press("f").paste(f"{C1}Qf", "‹9B›Qf").press("enter", "q")
    visit.press("f").paste("/\\x1b\\[471m/", "/\\x1b").press("enter").wait("3 rows").press("q")
    visit.saw("Us")


def test_completions_of_tags_and_labels(visit: Visit) -> None:
    visit.go("1", "Data").press("f").write("tag:T").press("right", "esc")
    visit.press("f").write("label:L").press("right", "esc")
    visit.press("g", "t").wait("Words to tag").press("T", "right", "esc")
    visit.saw("Tg")


def test_what_check_found(visit: Visit) -> None:
    visit.go("1", "Data").press("c").wait("enter shows the rows").press("j", "j", "enter", "j", "k")
    visit.press("q", "p").wait("enter shows the rows").press("j", "q", ":").wait("Go to row")
    visit.press("4", "enter", "tab", "G").wait(visible("Ro")).press("tab")
    visit.saw("Tr", "Lb1", "Ro")


def test_the_tokens_of_a_row(visit: Visit) -> None:
    visit.go("1", "Data").press("g", "m").wait(visible("Tk")).press("m")
    visit.saw("Tk", "Tx")


def test_a_row_with_controls_is_not_put_into_a_text_area(visit: Visit) -> None:
    visit.go("1", "Data").press("g", "e").wait("control characters")
    visit.press(":").wait("Go to row").press("7", "enter", "e").wait("ctrl+s save")
    visit.paste(hostile("Pa"), "Pa [471m[/b]").press("esc").wait("not kept yet").press("esc")
    visit.saw(literally=("[red]IMPORTANT[/red]", "‹9B›471m‹U+202E›"))


def test_a_recipe_and_its_problems(visit: Visit) -> None:
    visit.go("2", "Recipe").press("G", "g", "o", "G", "o", "t", "j", "G", "esc")
    visit.press("/").write("model_id").press("enter").wait("enter edit").press("enter").wait("enter keep")
    visit.paste(f"{C1}Rv", "‹9B›Rv").press("esc", "q")
    visit.press("/").write("system").press("enter").wait("enter edit").press("enter").wait("$EDITOR").press("q")
    visit.press("O").wait(visible("Rx")).press("2").wait(visible("Uk")).press("r")
    visit.press("O").wait("Open a recipe").press("1").wait(lambda text: visible("Rc") in text.split("\n")[1])
    visit.saw("Rc", "Rx", "Uk", "Sp", literally=("[/b]",))


def test_jobs_their_logs_notices_and_recipes(visit: Visit) -> None:
    visit.go("3", "Runs").press("g").wait(visible("Pw"))
    for _ in range(9):
        visit.press("j", "m")
    visit.press("k", "k", "k").wait(visible("Wy")).wait(visible("Mt"))
    visit.press("n").wait(visible("Nt")).press("l").wait(visible("Lp")).press("o").wait(visible("Rt")).press("o")
    visit.press("s", "g", "s").wait("Stop 2026").press("esc", "r").wait(visible("J8"))
    visit.saw("Rc", "Kd", "Ph", "Lg", "Lp", "Nt", "Wy", "Rt", "Pw", "Mt", literally=("[/b]",))


def test_answers_of_a_session(visit: Visit) -> None:
    visit.go("4", "Compare").wait("validation row").press("enter").wait(visible("An"))
    visit.press("b", "]", "enter").wait(visible("Er"))
    visit.press("i").paste(hostile("Pr"), "Pr [471m[/b]").press("ctrl+s").wait(visible("An"))
    visit.press("esc", "o").wait("Whose adapter").press("q")
    visit.saw("An", "Er", "Ad", literally=("[/b]",))


def test_a_verdict_its_scores_and_its_rows(visit: Visit) -> None:
    visit.go("5", "Evaluate").wait(visible("Op")).press("p", "f", "f", "f", "f", "f", "o")
    visit.wait("Measure which").press("q")
    visit.press("tab", "z").wait(visible("Om")).press("G", "z", "tab", "z").wait(visible("Vt")).press(
        "ctrl+d", "G", "z"
    )
    visit.press("[").wait("no metric")
    visit.saw("Vt", "Cn", "Cz", "Mn", "Rs", "Op", "Oc", "Om", "Rf", "Ab", "At", literally=("[/b]", "VW␛[471M"))


def test_what_is_shipped(visit: Visit) -> None:
    visit.go("6", "Ship").wait(visible("Mp")).press("tab", "z").wait(visible("Dt"))
    visit.press("G", "z", "o").wait("Where does").press("esc")
    visit.saw("Jn", "Vw", "Mp", "Dt", "Sh", "Ah")


def test_help_and_the_palette(visit: Visit) -> None:
    visit.go("1", "Data").press("?").wait("accept").press("j", "q")
    visit.press("ctrl+p").wait("What to do").paste(f"{C1}Pp", "‹9B›Pp").press("esc")
    visit.saw(literally=("Keep the row for training",))


def test_leaving_says_nothing_hostile_either(desk: Desk) -> None:
    code, raw = desk.leave()
    assert code == 0
    assert not leaks(raw)
