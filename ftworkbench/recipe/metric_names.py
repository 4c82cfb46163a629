"""How a recipe names a metric: NAME, NAME:ARGUMENT, or FILE.py:FUNCTION for one of the user's own."""

from __future__ import annotations

import ast
import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ftworkbench.printable import one_line

# Complete by themselves; what else may follow a name is in _ARGUMENTS.
METRIC_NAMES = (
    "exact_match",
    "normalized_match",
    "label_accuracy",
    "json_valid",
    "json_match",
    "json_fields",
    "json_schema",
    "number_match",
    "contains",
    "rouge_1",
    "rouge_2",
    "rouge_l",
    "bleu",
    "length",
    "stopped",
    "inverse_perplexity",
)
BLEU_TOKENIZERS = ("13a", "intl", "zh", "char", "none")
REGEX, SCHEMA, BLEU, OWN = "regex", "json_schema", "bleu", "own"
_ARGUMENTS = {
    REGEX: "a pattern, as regex:^[a-z_]+$",
    SCHEMA: "a file of the workspace, as json_schema:ticket.schema.json",
    BLEU: f"a tokenizer, as bleu:zh ({', '.join(BLEU_TOKENIZERS)})",
}
_OWN = re.compile(r"(?P<file>.+\.py):(?P<function>[^:]*)", re.DOTALL)


@dataclass(frozen=True)
class MetricName:
    """`kind` is a name of METRIC_NAMES, "regex", or "own"; `argument` what stands after it; `file` its file."""

    kind: str
    argument: str = ""
    file: str | None = None


def split_metric(text: str) -> MetricName:
    """What a metric's name is made of, whether there is such a metric or not."""
    kind, colon, argument = text.partition(":")
    if colon and kind in _ARGUMENTS:
        return MetricName(kind, argument, argument if kind == SCHEMA else None)
    own = _OWN.fullmatch(text)
    return MetricName(OWN, own["function"], own["file"]) if own else MetricName(text)


def metric_problem(text: str) -> str | None:
    """What is wrong with a metric's name, in words that follow the option's; None where nothing is."""
    found, shown = split_metric(text), one_line(f'"{text}"', 80)
    kind, _, after = text.partition(":")
    if kind in _ARGUMENTS and (not after if ":" in text else kind == REGEX):
        return f"{shown} lacks what stands after the colon: {_ARGUMENTS[kind]}"
    if found.kind == REGEX:
        try:
            re.compile(found.argument)
        except (re.error, OverflowError, RecursionError) as error:
            return f"{shown} is no regular expression: {error}"
        return None
    if found.kind == BLEU:
        right = found.argument in ("", *BLEU_TOKENIZERS)
        return None if right else f"{shown}: there are the tokenizers {', '.join(BLEU_TOKENIZERS)}"
    if found.kind == OWN and not found.argument.isidentifier():
        return f"{shown} names no function; say FILE.py:FUNCTION, as checks.py:polite"
    if found.kind in (*METRIC_NAMES, OWN):
        return None
    if ":" in text and kind in METRIC_NAMES:
        return f"{shown}: {kind} takes nothing after a colon"
    if text.endswith(".py"):
        return f"{shown} names no function; say FILE.py:FUNCTION, as checks.py:polite"
    near = difflib.get_close_matches(kind, (*METRIC_NAMES, *_ARGUMENTS, "perplexity"), n=1)
    known = f"there are {', '.join(METRIC_NAMES)}, regex:PATTERN, json_schema:FILE, and FILE.py:FUNCTION"
    near = ["inverse_perplexity" if each == "perplexity" else each for each in near]
    return f"{shown} is no metric; {f'did you mean {near[0]}?' if near else known}"


def metric_file_problem(text: str, workspace: Path) -> str | None:
    """What is wrong with the file that a metric needs, seen from the workspace, as far as reading it tells.

    The user's own code is parsed, never run: that the worker does.
    """
    found = split_metric(text)
    if found.file is None:
        return None
    path, shown = PurePosixPath(found.file), one_line(found.file, 80)
    if path.is_absolute() or ".." in path.parts:
        return f"{shown}: must be a file of the workspace, named from its folder"
    try:
        source = (workspace / path).read_bytes()
    except FileNotFoundError:
        return f"{shown}: there is no such file ({one_line(str(workspace), 80)})"
    except (OSError, ValueError) as error:
        return f"{shown}: cannot be read: {getattr(error, 'strerror', None) or error}"
    return _function_problem(source, shown, found.argument) if found.kind == OWN else _json_problem(source, shown)


def _json_problem(source: bytes, shown: str) -> str | None:
    try:
        json.loads(source)
    except (ValueError, RecursionError) as error:
        return f"{shown}: is no JSON: {one_line(str(error), 120)}"
    return None


def _function_problem(source: bytes, shown: str, name: str) -> str | None:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        return f"{shown}: is no Python{line}: {one_line(getattr(error, 'msg', None) or str(error), 120)}"
    if any(isinstance(each, ast.AsyncFunctionDef) and each.name == name for each in body):
        return f"{shown}: {name} is async; a metric is a plain function"
    functions = [each.name for each in body if isinstance(each, ast.FunctionDef)]
    if name in functions or name in _other_names(body):
        return None
    there = ", ".join(functions[:8])
    return f"{shown}: has no function {one_line(name, 40)}" + (f"; it has {one_line(there, 120)}" if there else "")


def _other_names(body: list[ast.stmt]) -> set[str]:
    """The names that a module assigns or imports at its top; functions inside an if or a try with them."""
    names: set[str] = set()
    for each in (node for statement in body for node in ast.walk(statement)):
        match each:
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name for alias in aliases}
    for statement in body:
        if isinstance(statement, ast.If | ast.Try):
            names |= {node.name for node in ast.walk(statement) if isinstance(node, ast.FunctionDef)}
    return names
