"""What the Recipe screen says of memory and time: will it fit, how long will it take?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.figures import count
from ftworkbench.tui.recipe_draft import Draft, written_value
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.lines_view import wrapped

if TYPE_CHECKING:
    from ftworkbench.estimate.fit import Fit
    from ftworkbench.steps.fit import Fitted

_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
_NUMBERS = 12  # cells of a size in GiB, and the space around it


def fit_lines(fitted: Fitted | None, error: str, draft: Draft, width: int) -> list[Content]:
    """The estimate as bars, then what was chosen for this machine and why."""
    lines: list[Content] = []
    if error:
        lines += wrapped(shown(error, "$warning"), width)
    elif fitted is None:
        lines.append(Content.styled("estimating…", "$text-muted"))
    else:
        lines += _estimate(fitted, width)
        for note in fitted.basis.notes:
            lines += wrapped(shown(note, "$text-muted"), width)
    choices = draft.choices if fitted is None else fitted.opened.choices
    if choices:
        lines += [Content(""), Content.styled("Left out, and chosen for this machine", "bold $accent")]
        for choice in choices:
            head = Content.assemble(
                shown_line(choice.key), " = ", shown_line(written_value(choice.value), 40, "$primary")
            )
            lines += wrapped(head, width)
            lines += wrapped(shown(choice.why, "$text-muted"), width, gutter=2)
    return lines


def verdict_words(fit: Fit) -> tuple[str, str]:
    """Whether it fits, in words, and the style to say it in."""
    if fit.card is None or fit.fits is None:
        return f"{fit.peak_gib:.1f} GiB", "bold"
    if fit.fits:
        return f"✔ fits: {fit.peak_gib:.1f} of {fit.card.memory:.0f} GiB on {fit.card.name}", "bold $success"
    from ftworkbench.estimate.advice import room_words

    return f"✘ does not fit: {fit.peak_gib:.1f} GiB; {fit.card.name} has {room_words(fit.card)}", "bold $error"


def _estimate(fitted: Fitted, width: int) -> list[Content]:
    fit = fitted.fit
    word, style = verdict_words(fit)
    lines = wrapped(shown(word, style), width)
    if fit.card is not None:
        lines.append(_against_card(fit, width))
    share = f"{fit.trainable / fit.parameters:.2%}" if fit.parameters else "0%"
    lines += wrapped(shown(f"{_count(fit.parameters)} parameters, {_count(fit.trainable)} trained ({share})"), width)
    if fit.tokens_per_second:
        lines += wrapped(shown(f"about {fit.tokens_per_second:,.0f} tokens/s{_time(fitted)}"), width)
        lines += wrapped(shown(fitted.answering_words, "$text-muted"), width) if fitted.answering_words else []
    if fit.source:
        lines += wrapped(shown(fit.source, "$text-muted"), width)
    if fit.advice:
        key = Content.styled("  a does it", "$accent") if fit.changes else ""
        said = Content.assemble(shown(fit.advice, "$warning" if not fit.fits else "$text-muted"), key)
        lines += wrapped(said, width)
    largest = max(fit.parts.values(), default=0.0) or 1.0
    name_width = max((len(name) for name in fit.parts), default=0)
    room = max(min(_BAR, width - name_width - _NUMBERS), 1)
    for name, size in fit.parts.items():
        bar = _bar(size / largest * room)
        lines.append(Content.assemble((f"{name:<{name_width}}  {size:>6.2f} GiB ", ""), (bar or "▏", "$primary")))
    others = {name: size for name, size in fit.stages.items() if size < fit.peak_gib}
    if others:
        text = ", ".join(f"{name} {size:.2f} GiB" for name, size in others.items())
        lines += wrapped(shown(f"less at other times: {text}", "$text-muted"), width)
    return lines


def _against_card(fit: Fit, width: int) -> Content:
    """The peak as a share of the card's memory, in one bar; what is over stands outside its frame."""
    assert fit.card is not None
    room = max(min(2 * _BAR, width - 2), 1)
    share = fit.peak_gib / fit.card.memory if fit.card.memory else 1.0
    if share > 1:
        inside = max(round(room / share), 1)
        full, over = "█" * inside, "█" * (room - inside)
        return Content.assemble("▕", (full, "$error"), "▏", (over, "$error"))
    bar = _bar(share * room)
    return Content.assemble("▕", (bar, "$success" if fit.fits else "$error"), " " * (room - len(bar)), "▏")


def _bar(cells: float) -> str:
    """A bar of so many cells, to an eighth of one."""
    eighths = round(cells * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _time(fitted: Fitted) -> str:
    """How long it takes, in how many steps, and what that costs where the recipe says what an hour does."""
    words = fitted.training_words
    return f", {count(fitted.fit.steps, 'step')}: {words}" if words and fitted.fit.steps else words and f", {words}"


def _count(number: int) -> str:
    for unit, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def _hours(hours: float | None) -> str:
    if hours is None:
        return ""
    if hours < 1 / 60:
        return "less than a minute"
    return f"about {hours * 60:.0f} min" if hours < 1 else f"about {hours:.1f} h"


def fit_in_short(fit: Fit) -> str:
    """The estimate in a few words, for where its pane has no room."""
    word = "" if fit.fits is None else "✔ fits" if fit.fits else "✘ does not fit"
    return ", ".join(part for part in (word, _hours(fit.hours)) if part)
