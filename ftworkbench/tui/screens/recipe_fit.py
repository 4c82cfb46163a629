"""What the Recipe screen says of memory and time: will it fit, how long will it take?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.tui.recipe_draft import Draft, written_value
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.lines_view import wrapped

if TYPE_CHECKING:
    from ftworkbench.estimate.fit import Fit

_BAR = 24


def fit_lines(fit: Fit | None, error: str, draft: Draft, width: int) -> list[Content]:
    """The estimate as bars, then what was chosen for this machine and why."""
    lines: list[Content] = []
    if error:
        lines += wrapped(shown(error, "$warning"), width)
    elif fit is None:
        lines.append(Content.styled("estimating…", "$text-muted"))
    else:
        lines += _estimate(fit, width)
    if draft.reading.choices:
        lines += [Content(""), Content.styled("Chosen for this machine", "bold $accent")]
        for choice in draft.reading.choices:
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
    return (
        f"✘ does not fit: {fit.peak_gib:.1f} of {fit.card.memory:.0f} GiB on {fit.card.name}",
        "bold $error",
    )


def _estimate(fit: Fit, width: int) -> list[Content]:
    word, style = verdict_words(fit)
    lines = wrapped(shown(word, style), width)
    share = f"{fit.trainable / fit.parameters:.2%}" if fit.parameters else "0%"
    lines += wrapped(shown(f"{_count(fit.parameters)} parameters, {_count(fit.trainable)} trained ({share})"), width)
    if fit.tokens_per_second:
        time = f", {_hours(fit.hours)}" if fit.hours is not None else ""
        lines += wrapped(shown(f"about {fit.tokens_per_second:,.0f} tokens/s{time}"), width)
    largest = max(fit.parts.values(), default=0.0) or 1.0
    name_width = max((len(name) for name in fit.parts), default=0)
    for name, size in fit.parts.items():
        bar = "█" * max(round(size / largest * min(_BAR, width - name_width - 12)), 0)
        lines.append(Content.assemble((f"{name:<{name_width}}  {size:>6.2f} GiB ", ""), (bar or "▏", "$primary")))
    if fit.advice:
        lines += wrapped(shown(fit.advice, "$warning" if not fit.fits else "$text-muted"), width)
    return lines


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
