"""What the Recipe screen shows, worked out apart from its widgets: the form, and help for an option."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from ftworkbench.printable import one_line
from ftworkbench.recipe.declare import Value
from ftworkbench.recipe.libraries import library_fields
from ftworkbench.recipe.options import TABLE_NAMES, Option, find_option, options, parts_of
from ftworkbench.tui.recipe_draft import Base, Draft, all_options, written_value
from ftworkbench.tui.text import shown, shown_line
from ftworkbench.tui.widgets.form import LEFT_OUT, FormLine
from ftworkbench.tui.widgets.lines_view import wrapped

_NOTES = {
    "model": "from_pretrained",
    "quantization": "BitsAndBytesConfig",
    "lora": "LoraConfig",
    "ia3": "IA3Config",
    "train": "SFTConfig",
    "method": "objective, adapter",
    "data": "rows",
    "check": "what the check advises",
    "prompt": "the prompted contestants",
    "evaluate": "measures, verdict",
    "harness": "how tasks of lm-evaluation-harness are asked, those of regression",
    "judge": "a model that compares or grades answers",
    "ragas": "answers and the passages they were given",
    "launch": "where it runs",
}
# Where an adapter of another kind is trained, its options are out of the way.
_ADAPTERS = ("lora", "ia3")
_OF_SEQUENCES = ("per_device_train_batch_size", "per_device_eval_batch_size")
_OF_IA3 = ("target_modules", "feedforward_modules")


# The form


@dataclass(frozen=True)
class _State:
    """All that a line of the form says of its option: where its value comes from, what it was, what is wrong."""

    given: Mapping[str, Value]
    saved: Mapping[str, Value]
    chosen: Mapping[str, Value]
    wrong: Mapping[str, str]
    notes: Mapping[str, str]
    base: Base | None
    packed: bool

    def line(self, option: Option) -> FormLine:
        key = option.key
        if key in self.given:
            value, origin = self.given[key], ""
        elif key in self.chosen:
            value, origin = self.chosen[key], "chosen"
        else:
            value, origin = option.default, "default" if option.default is not None else ""
        written = written_value(value)
        return FormLine(
            option.table, option.name, written, origin, _unit(option, written, packed=self.packed), key in self.wrong,
            self.was(key, value, option.default), key in self.notes,
        )  # fmt: skip

    def library_line(self, table: str, name: str) -> FormLine:
        key, default = f"{table}.{name}", library_default(table, name)
        written = written_value(self.given[key]) if key in self.given else default
        if key not in self.given and key in self.chosen:
            return FormLine(table, name, written_value(self.chosen[key]), "chosen", was=self.was(key, None, None))
        origin = "" if key in self.given else "default"
        return FormLine(
            table, name, written, origin, wrong=key in self.wrong, was=self.was(key, self.given.get(key), None)
        )

    def was(self, key: str, value: Value, default: Value) -> str:
        """What stands in the recipe that is compared with, where that is something else; empty where it is the same."""
        if self.base is None:
            if self.saved.get(key) == self.given.get(key):
                return ""
            return written_value(self.saved[key]) if key in self.saved else LEFT_OUT
        before, now = written_value(self.base.values.get(key, default)), written_value(value)
        return "" if before == now else before or LEFT_OUT


def form_lines(draft: Draft, *, everything: bool, needle: str = "") -> list[FormLine]:
    """The lines of the form: the common options and those in the file, or everything, or what a search finds."""
    given = _given(draft.text)
    chosen = {choice.key: choice.value for choice in draft.choices}
    state = _State(given, _given(draft.saved), chosen, draft.problems_by_key(), draft.notes, draft.base,
                   draft.resolved is not None and bool(draft.resolved.train.packing))  # fmt: skip
    other = _other_adapter(draft)
    lines: list[FormLine] = []
    for table in TABLE_NAMES:
        block = []
        for option in all_options(table):
            line = state.line(option)
            if needle:
                wanted = needle in option.name or needle in option.help.lower()
            elif table == other:
                wanted = everything or option.key in given or line.wrong
            else:
                common = option.common or option.required or (table == "ia3" and option.name in _OF_IA3)
                wanted = everything or common or option.key in given or line.wrong or bool(line.was) or line.noted
            if wanted:
                block.append(line)
        block += [state.library_line(table, name) for name in _library_names(table, given, needle)]
        if block:
            lines += [FormLine(table, note=_NOTES.get(table, "")), *block]
    return lines


def _other_adapter(draft: Draft) -> str:
    """The table of the adapter that is not trained."""
    resolved = draft.resolved
    return next(name for name in reversed(_ADAPTERS) if resolved is None or name != resolved.method.adapter)


def _library_names(table: str, given: Mapping[str, Value], needle: str) -> Iterator[str]:
    """The library's own options that no table types: those in the file, and with a search all that it finds."""
    typed = {option.name for option in options(table)}
    names = {key.partition(".")[2] for key in given if key.partition(".")[0] == table}
    if needle:
        known = library_fields(table)
        names = {name for name in names if needle in name}
        names |= {name for name, field in known.items() if needle in name or needle in field.help.lower()}
    yield from sorted(names - typed)


def library_default(table: str, name: str) -> str:
    """The default of a library's option, as its source says it."""
    field = library_fields(table).get(name)
    return field.default if field is not None else ""


def _given(text: str) -> dict[str, Value]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    return {f"{table}.{name}": value for table, values in tables.items() if isinstance(values, dict)
            for name, value in values.items()}  # fmt: skip


def _unit(option: Option, value: str, *, packed: bool) -> str:
    """The unit of a value as it is: steps below 1 are a share of all steps; packed, a micro-batch is of sequences."""
    if packed and option.name in _OF_SEQUENCES:
        return "sequence" if value == "1" else "sequences"
    if option.unit == "steps" and value.startswith("0."):
        return "of all steps"
    if value == "1":
        return option.unit.removesuffix("es" if option.unit.endswith("ches") else "s")
    return option.unit


def hint_for(option: Option | None) -> str:
    """What may be written for an option: its choices, or its bounds and its unit."""
    if option is None or option.choices:
        return ", ".join(option.choices) if option is not None else ""
    return " · ".join(part for part in (option.bounds, option.unit) if part)


# Help for one option


def help_lines(draft: Draft, key: str, width: int) -> list[Content]:
    """What there is to know of an option: what it is, why, its bounds, and what is wrong with its value."""
    option = find_option(key)
    lines: list[Content] = []
    wrong, note = draft.problems_by_key().get(key), draft.notes.get(key)
    if wrong:
        lines += wrapped(shown(wrong, "bold $error"), width)
    if note:
        lines += wrapped(shown(f"{key.partition('.')[2]} {note}", "$warning"), width)
    if draft.base is not None and (was := draft.base.values.get(key)) is not None:
        lines += wrapped(shown(f"in {draft.base.name}: {one_line(written_value(was), 120)}", "$text-muted"), width)
    if option is None:
        return lines + _library_help(key, width) + _chosen_lines(draft, key, width)
    lines += wrapped(shown(option.help), width)
    if option.why:
        lines += wrapped(shown(option.why, "$text-muted"), width)
    facts = [("type", option.type), ("bounds", option.bounds), ("unit", option.unit),
             ("choices", ", ".join(option.choices)), ("default", written_value(option.default))]  # fmt: skip
    parts: list[Content | str] = []
    for name, value in facts:
        if value:
            parts += [Content.styled(f"{name} ", "$text-muted"), shown_line(value, 200), "   "]
    lines += wrapped(Content("").join(parts), width)
    for each in parts_of(option):
        hint = hint_for(each)
        said = shown(f"{each.help}{f' ({hint})' if hint else ''}")
        lines += wrapped(Content.assemble((each.name, "$accent"), "  ", said), width)
    return lines + _chosen_lines(draft, key, width)


def _chosen_lines(draft: Draft, key: str, width: int) -> list[Content]:
    """Why the option was set so, where it was left out and chosen."""
    choice = next((choice for choice in draft.choices if choice.key == key), None)
    if choice is None:
        return []
    return wrapped(Content.assemble(("chosen for this machine: ", "$accent"), shown(choice.why)), width)


def _library_help(key: str, width: int) -> list[Content]:
    table, _, name = key.partition(".")
    field = library_fields(table).get(name)
    if field is None:
        return wrapped(shown(f"{name} is no option of [{table}]", "$error"), width)
    lines = wrapped(shown(field.help or "The library's source says no more of it."), width)
    facts = Content.assemble(("type ", "$text-muted"), shown_line(field.type, 120), ("   default ", "$text-muted"),
                             shown_line(field.default, 120))  # fmt: skip
    return [*lines, *wrapped(facts, width)]


def problems_text(problems: Sequence[str]) -> Content:
    """Every problem of the recipe, one a line."""
    return Content("\n").join(Content.assemble(("! ", "bold $error"), shown(line)) for line in problems)
