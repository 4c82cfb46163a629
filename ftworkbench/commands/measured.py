"""What lies beneath the scores of an evaluation, for people: labels, JSON fields, lengths; what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.commands.show import table
from ftworkbench.evaluate.confusions import label_changes, label_count, label_tables, macro_f1, most_confused, no_label
from ftworkbench.evaluate.serving import HEADS, serving_notes, serving_rows, serving_title
from ftworkbench.figures import interval, p_value, percent, points

_MOST_PAIRS = 5
_MOST_LABELS = 8
_MOST_FIELDS = 12


def detail_lines(found: Mapping[str, Any]) -> list[str]:
    """The lines about labels, fields and lengths of the systems on the test rows, and what files metrics are from."""
    systems = [each for each in found.get("systems") or () if each.get("figures")]
    files = [f"  {name}: sha256 {sha256}" for name, sha256 in (found.get("metric_files") or {}).items()]
    return [*_length_lines(systems), *files, *_label_lines(found), *_field_lines(systems)]


def conclusion_lines(found: Mapping[str, Any]) -> list[str]:
    """Each metric's own test, where there are several, the card, and what serving takes."""
    lines = []
    tested = [each for each in found.get("metrics") or () if each.get("p_adjusted") is not None]
    if len(tested) > 1:
        rows = [
            [each["metric"], f"{points(each['difference'])} {interval(each['interval'], signed=True)}",
             p_value(each["p_value"]), p_value(each["p_adjusted"]), each["word"]]
            for each in tested
        ]  # fmt: skip
        heads = ["each metric", "points", "alone", "after Holm", ""]
        lines += table(heads, rows, right=(1, 2, 3))
    card = found.get("card") or {}
    rows = [[name, str(entry["n"]), f"{entry['word']}: {entry['words']}"] for name, entry in card.items()]
    lines += table(["card", "n", ""], rows, right=(1,)) if rows else []
    return [*lines, *_serving_lines(found.get("serving"))]


def _serving_lines(serving: Mapping[str, Any] | None) -> list[str]:
    if not serving:
        return []
    told = (serving_title(serving), *serving_notes(serving))
    return [*table(HEADS, serving_rows(serving)), *(f"  {line}" for line in told)]


def _length_lines(systems: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for system in systems:
        figures = system["figures"]
        told = f"{figures['tokens']['mean']:.1f} tokens in the mean, {figures['cut_off']} cut off"
        for name, value in figures.items():
            if name.startswith("corpus_"):
                told += f", {name.replace('_', ' ')} {100 * value:.1f}"
        if "perplexity" in figures:
            told += f", perplexity of the references {figures['perplexity']:.3g}"
        lines.append(f"  {system['name']}: answers of {told}")
    return lines


def _label_lines(found: Mapping[str, Any]) -> list[str]:
    tables = label_tables(found)
    if not tables:
        return []
    before, after = tables[0][1], tables[1][1] if len(tables) > 1 else None
    names = [name for name, _ in tables[:2]]
    field = before.get("field")
    macro = " → ".join(macro_f1(each) for _, each in tables[:2])
    lines = [f"{label_count(before)}{f' ({field})' if field else ''}: macro F1 {macro}"]
    if any(no_label(each) for _, each in tables[:2]):
        lines[0] += f"; no label: {' → '.join(str(no_label(each)) for _, each in tables[:2])}"
    rows = []
    changes = label_changes(before, after)
    for change in changes[:_MOST_LABELS]:
        f1 = [percent(each["f1"]) if each else "" for each in (change.before, change.after)][: len(names)]
        last = change.after or change.before or {}
        rows.append([change.label, str(change.n), *f1, percent(last["precision"]), percent(last["recall"])])
    heads = [
        "worst labels" if len(changes) > len(rows) else "label",
        "n",
        *(f"F1 {name}" for name in names),
        "precision",
        "recall",
    ]
    lines += [f"  {line}" for line in table(heads, rows, right=range(1, len(heads)))]
    pairs = most_confused(before, after)[:_MOST_PAIRS]
    if pairs:
        told = [
            [
                f"{pair.reference} → {pair.answer}",
                *(str(each) for each in (pair.before, pair.after) if each is not None),
            ]
            for pair in pairs
        ]
        lines += [f"  {line}" for line in table(["most confused", *names], told, right=range(1, len(names) + 1))]
    return lines


def _field_lines(systems: Sequence[Mapping[str, Any]]) -> list[str]:
    measured = [each for each in systems if each.get("fields")]
    if not measured:
        return []
    lines = []
    for system in measured:
        fields = system["fields"]
        no_object = f", {fields['no_object']} of the answers no JSON object" if fields["no_object"] else ""
        lines.append(f"fields of {system['name']}, of {fields['n']} references{no_object}:")
        rows = [
            [str(each["field"]), percent(each["right"] / each["n"]) if each["n"] else "",
             *(str(each[name]) for name in ("wrong", "missing", "extra"))]
            for each in fields["fields"][:_MOST_FIELDS]
        ]  # fmt: skip
        lines += [
            f"  {line}" for line in table(["field", "right", "wrong", "missing", "extra"], rows, right=range(1, 5))
        ]
    return lines
