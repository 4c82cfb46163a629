"""The part of the Compare screen that asks: whom, how they draw, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ftworkbench.tui.drawing import Drawing
from ftworkbench.tui.screens.compare_answers import MOST, AnswersView, who
from ftworkbench.tui.screens.compare_prompt import PromptView
from ftworkbench.tui.screens.jobs_screen import JobsScreen

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer
    from ftworkbench.steps.asking import Question
    from ftworkbench.steps.contenders import Contest
    from ftworkbench.tui.answered_rows import AnsweredRows
    from ftworkbench.tui.comparing import Asked


class AskingScreen(JobsScreen):
    """Asks those who were chosen, and shows their answers. A screen gives `question` and `refresh_prompt`."""

    def __init__(self) -> None:
        super().__init__()
        self.contest: Contest | None = None
        self.trouble = ""
        self.names: tuple[str, ...] = ()
        self.drawing: Drawing | None = None
        self.asked: Asked | None = None
        self.answered: AnsweredRows | None = None
        self.blind = False

    def question(self) -> Question | None:
        """What stands above to be asked; None where that is nothing."""
        raise NotImplementedError

    def refresh_prompt(self) -> None:
        """Shows what would be asked, and how."""
        raise NotImplementedError

    def take_contest(self, contest: Contest | None) -> None:
        """Compares in another contest, or in none."""
        self.contest, self.asked, self.telling, self.trouble = contest, None, None, ""
        self.names = contest.first if contest is not None else ()
        self.drawing = Drawing(contest.opened.recipe.train.seed) if contest is not None else None
        self._forget_answers()

    def change_contest(self, contest: Contest, names: tuple[str, ...]) -> None:
        """Goes on in the same contest with others in it, and asks those from now on.

        What was answered before is not gone back to: one of the same name may be another now.
        """
        self.contest = contest
        self._forget_answers()
        self._take_names(names)

    def _forget_answers(self) -> None:
        self.answered = None
        if self.contest is not None:
            from ftworkbench.tui.answered_rows import AnsweredRows

            self.answered = AnsweredRows(self.contest.metric)

    @property
    def prompt(self) -> PromptView:
        return self.query_one(PromptView)

    # What is shown

    @property
    def order(self) -> tuple[str, ...] | None:
        """Who stands where in a blind comparison; None where names are seen."""
        if not self.blind or self.asked is None:
            return None
        from ftworkbench.evaluate.votes import sides

        return sides(self.asked.names, self.asked.drawing.seed, self.asked.question.key)

    @property
    def drawn(self) -> tuple[Mapping[str, Answer], ...]:
        """What has come of what was asked last, by name, for each seed."""
        return self.asked.answers(self.telling.story if self.telling else None) if self.asked is not None else ()

    @property
    def answers(self) -> Mapping[str, Answer]:
        """What has come of what was asked last, by name, by the first seed."""
        return self.drawn[0] if self.asked is not None else {}

    @property
    def all_answered(self) -> bool:
        """Whether everybody who was asked has answered, and without an error."""
        return self.asked is not None and self.telling is not None and self.asked.is_answered(self.telling.story)

    def story_moved(self) -> None:
        if self.answered is not None and self.telling is not None:
            self.answered.score(self.telling.story)
        self.refresh_answers()

    def recall(self) -> None:
        """Goes back to what the row that stands above was answered, where it was: by these, in this way."""
        question, drawing = self.question(), self.drawing
        self.asked = None
        if self.blind or self.answered is None or drawing is None or question is None or self.telling is None:
            return
        found = self.answered.of(question, self.names, drawing)
        if found is not None and found.session == self.telling.job:
            self.asked = found

    def refresh_answers(self) -> None:
        """Shows the answers as they stand."""
        view, contest = self.query_one(AnswersView), self.contest
        if contest is None:
            view.show_nobody()
        elif self.asked is None:
            view.show_contest(contest, self.names, blind=self.blind)
        else:
            question = self.question()
            earlier = question is None or question != self.asked.question
            story = self.telling.story if self.telling else None
            scored = self._scored(self.asked)
            view.show_answers(self.asked, story, self.told_entry, earlier=earlier, order=self.order, scored=scored)

    def _scored(self, asked: Asked) -> Mapping[str, str]:
        """How good their answers to validation rows were so far, where such a row was asked."""
        if self.answered is None or self.blind or asked.question.rows != "validation":
            return {}
        return self.answered.words(asked.names, asked.drawing)

    # Asking

    def action_ask(self, failed: Callable[[], object] | None = None) -> bool:
        """Asks those who were chosen; False where that cannot be, which is said. `failed` is called where it fails."""
        contest, drawing = self.contest, self.drawing
        if contest is None or drawing is None:
            self.workbench.tell(self.trouble or "there is nobody to ask yet", "warning")
            return False
        question = self.question()
        if question is None:
            self.workbench.tell("the prompt is empty" if self.prompt.writes else "there is no row: i writes a prompt")
            return False
        tried = [name for name in self.names if contest.named(name).tried]
        if question.rows == "test" and tried:
            self.workbench.tell(f"{tried[0]} is still tried, on validation rows: v goes back, K keeps it", "warning")
            return False
        from ftworkbench.tui.comparing import ask_contest

        sessions, names = self.workbench.sessions, self.names

        def was_asked(asked: Asked) -> None:
            if self.contest is not contest:  # another one was chosen meanwhile
                return
            if self.telling is None or self.telling.job != asked.session:
                self._forget_answers()
                self.follow_job(asked.session)
            if self.answered is not None and not self.blind:
                self.answered.keep(asked)
            if self.asked is None or self.question() == question:
                self.asked = asked
            self.refresh_answers()

        return self.workbench.launch(
            lambda: ask_contest(sessions, contest, names, question, drawing),
            was_asked,
            doing="asking",
            group="ask",
            failed=lambda _: failed() if failed is not None else None,
        )

    # Who

    def action_baseline(self) -> None:
        contest = self.contest
        if contest is None or self.blind:
            return
        baselines = contest.baselines
        now = baselines.index(self.names[0]) if self.names[0] in baselines else -1
        name = baselines[(now + 1) % len(baselines)]
        self._take_names((name, *(each for each in self.names[1:] if each != name)))
        self.workbench.tell(f"baseline: {name}")

    def action_who(self) -> None:
        contest = self.contest
        if contest is None:
            return
        from ftworkbench.tui.widgets.choose_contenders import ChooseContenders

        def chosen(names: tuple[str, ...] | None) -> None:
            if names is not None:
                self.blind = self.blind and len(names) == 2
                self._take_names(names)

        choices = [(each.name, who(each)) for each in contest.contenders]
        self.app.push_screen(ChooseContenders(choices, self.names, MOST), chosen)

    def _take_names(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.recall()
        self.refresh_prompt()
        self.refresh_answers()

    # How they draw

    def _draw(self, drawing: Drawing, *, ask: bool = False) -> None:
        self.drawing = drawing
        if ask:
            self.action_ask()
        else:
            self.recall()
            self.refresh_answers()
        self.refresh_prompt()

    def action_temperature(self) -> None:
        if self.drawing is not None:
            self._draw(self.drawing.warmer())

    def action_top_p(self) -> None:
        """The next top-p, where that can change anything."""
        if self.drawing is not None and self._draws("top-p"):
            self._draw(self.drawing.narrower())

    def action_seed(self) -> None:
        """Asks again with the next seed, where that can change anything."""
        if self.drawing is not None and self._draws("seed"):
            self._draw(self.drawing.next_seed(), ask=True)

    def action_several(self) -> None:
        """Asks with several seeds, where that can change anything; with one again where it did."""
        if self.blind:
            self.workbench.tell("not while blind: a vote is on one answer of each")
        elif self.drawing is not None and self._draws("seed"):
            self._draw(self.drawing.several(), ask=True)

    def _draws(self, what: str) -> bool:
        """Whether answers are drawn at all; says so where they are not."""
        if self.drawing is not None and self.drawing.temperature:
            return True
        self.workbench.tell(f"greedy answers are the same for every {what}; t raises the temperature")
        return False
