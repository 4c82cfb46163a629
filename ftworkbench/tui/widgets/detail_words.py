"""What lies beneath the scores of an evaluation, drawn: labels, fields of JSON answers, how long the answers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from ftworkbench.figures import percent
from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.job_words import fit
from ftworkbench.tui.widgets.label_words import TITLE, label_lines
from ftworkbench.tui.widgets.lines_view import wrapped
from ftworkbench.tui.widgets.serving_words import serving_lines

_LEAST = 12  # cells of a name


def has_details(found: Mapping[str, Any] | None) -> bool:
    """Whether the evaluation has anything to show here."""
    systems = (found or {}).get("systems") or ()
    return bool((found or {}).get("serving")) or any(
        each.get("labels") or each.get("fields") or each.get("figures") for each in systems
    )


def detail_lines(found: Mapping[str, Any], width: int, turned: int = 0) -> list[Content]:
    """Labels, fields and figures of both systems, and what serving takes.

    `turned` says which matrix is drawn where only one has room.
    """
    systems = [each for each in found.get("systems") or () if has_details({"systems": [each]})]
    parts = [label_lines(found, width, turned)]
    parts += [_field_lines(str(each["name"]), each["fields"], width) for each in systems if each.get("fields")]
    parts.append(_figure_lines([each for each in systems if each.get("figures")], width))
    parts.append(serving_lines(found, width))
    lines: list[Content] = []
    for part in parts:
        if part:
            lines += [Content(""), *part] if lines else part
    return lines


def _figure_lines(systems: Sequence[Mapping[str, Any]], width: int) -> list[Content]:
    """A table of what is no score: lengths, answers that were cut off, figures of all rows together."""
    if not systems:
        return []
    size = 13
    room = max(min(width - size * len(systems), TITLE), _LEAST)
    rows = [("tokens, mean", [_number(each["figures"]["tokens"]["mean"]) for each in systems])]
    rows += [(f"tokens, {name}", [_number(each["figures"]["tokens"][name]) for each in systems]) for name in _SPREAD]
    rows.append(("characters, mean", [_number(each["figures"]["characters"]["mean"]) for each in systems]))
    rows.append(("cut off", [str(each["figures"]["cut_off"]) for each in systems]))
    rest = dict.fromkeys(name for each in systems for name in each["figures"] if name not in _LENGTHS)
    for name in rest:
        title = "perplexity of references" if name == "perplexity" else name.replace("_", " ")
        rows.append((title, [_figure(name, each["figures"].get(name)) for each in systems]))
    head = "".join(fit(str(each["name"]), size, right=True) for each in systems)
    lines = [Content.styled(fit("answers", room) + head, "$text-muted")]
    for title, cells in rows:
        told = Content(fit(title, room) + "".join(fit(cell, size, right=True) for cell in cells))
        lines.append(told.truncate(width))
    return lines


_SPREAD = ("median", "most")
_LENGTHS = ("characters", "tokens", "cut_off")


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if name == "perplexity" else f"{100 * value:.1f}"


def _field_lines(name: str, fields: Mapping[str, Any], width: int) -> list[Content]:
    heads, size = ("right", "wrong", "missing", "extra"), 9
    longest = max((Content(one_line(str(each["field"]))).cell_length for each in fields.get("fields", ())), default=0)
    room = max(min(width - size * len(heads), max(longest + 2, TITLE)), _LEAST)
    lines = [
        Content.styled(
            fit(f"fields of {name}", room) + "".join(fit(head, size, right=True) for head in heads), "$text-muted"
        )
    ]
    for each in fields.get("fields", ()):
        right = percent(each["right"] / each["n"]) if each["n"] else ""
        parts: list[Content | tuple[str, str]] = [
            Content(fit(str(each["field"]), room)),
            (fit(right, size, right=True), "bold"),
        ]
        for kind in heads[1:]:
            number = each[kind]
            parts.append(
                (fit(str(number) if number else "·", size, right=True), "$error" if number else "$text-disabled")
            )
        lines.append(Content.assemble(*parts).truncate(width))
    if fields.get("no_object"):
        told = f"{fields['no_object']} of {fields['n']} answers are no JSON object: all their fields are missing"
        lines += wrapped(shown(told, "$text-muted"), width)
    return lines
