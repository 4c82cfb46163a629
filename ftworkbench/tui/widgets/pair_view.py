"""One test row: its prompt, the reference, and both answers with what differs from it underlined."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ftworkbench.evaluate.outputs import Output
from ftworkbench.steps.evaluation import Pair, fate_words, is_graded
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.diff import marked
from ftworkbench.tui.widgets.lines_view import wrapped
from ftworkbench.tui.widgets.row_view import content_of

_LONGEST = 20_000
_GUTTER = 11


def pair_lines(
    pair: Pair,
    baseline_name: str,
    metric: str,
    width: int,
    *,
    whole_prompt: bool = False,
    tags: Sequence[str] = (),
) -> list[Content]:
    """The lines of a row. With `whole_prompt` also the system prompt and the examples that were sent before it.

    `tags` say what kind of error it is.
    """
    lines: list[Content] = []
    for message in pair.messages if whole_prompt else ():
        label = shown_line(str(message.get("role", "?")), _GUTTER - 2, "$text-muted")
        lines += wrapped(shown(content_of(message)[:_LONGEST], "$text-muted"), width, label, _GUTTER)
    if not whole_prompt:
        lines += wrapped(shown(pair.prompt[:_LONGEST]), width, Content.styled("prompt", "bold $primary"), _GUTTER)
    lines.append(Content(""))
    lines += wrapped(shown(pair.reference[:_LONGEST]), width, Content.styled("reference", "bold"), _GUTTER)
    lines.append(Content(""))
    lines += _answer(
        pair.baseline,
        pair.before,
        name=baseline_name or "baseline",
        style="$chart-2",
        reference=pair.reference,
        width=width,
    )
    lines += _answer(pair.tuned, pair.after, name="tuned", style="$chart-1", reference=pair.reference, width=width)
    lines.append(Content(""))
    if tags:
        lines += wrapped(shown(" ".join(tags), "$accent"), width, Content.styled("tagged", "bold"), _GUTTER)
    fate = fate_words(pair.fate, graded=is_graded(metric))
    lines.append(shown_line(f"{fate} by {metric}; row {pair.row}", style="$text-muted").truncate(width))
    return lines


def _sign(score: float | None) -> tuple[str, str]:
    if score is None:
        return "", ""
    return {1.0: ("✔ ", "$success"), 0.0: ("✘ ", "$error")}.get(score, (f"{score:.2f} ", "$warning"))


def _answer(
    output: Output | None, score: float | None, *, name: str, style: str, reference: str, width: int
) -> list[Content]:
    label = shown_line(name, _GUTTER - 1, f"bold {style}")
    if output is None:
        return wrapped(Content.styled("has not answered", "$text-muted"), width, label, _GUTTER)
    if output.error:
        return wrapped(shown(f"no answer, which counts as wrong: {output.error}", "$error"), width, label, _GUTTER)
    sign = _sign(score)
    told = f"{output.tokens} tokens, {output.seconds:.2f} s"
    if output.first_token_seconds is not None:
        told += f", first after {output.first_token_seconds:.2f}"
    if output.cost is not None:
        told += f", costs {output.cost:.2g}"
    if output.finish == "length":
        told += ", cut off: it did not stop by itself"
    answer = Content.assemble(sign, marked(output.answer[:_LONGEST], reference))
    figures = Content.styled(told, "$text-muted")
    if "\n" not in answer.plain and answer.cell_length + figures.cell_length + 3 <= width - _GUTTER:
        return wrapped(Content.assemble(answer, "   ", figures), width, label, _GUTTER)
    return [*wrapped(answer, width, label, _GUTTER), *wrapped(figures, width, gutter=_GUTTER)]
