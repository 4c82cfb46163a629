"""What is wrong with a row as it is tokenized: refused, dropped, cut off, without an end."""

from __future__ import annotations

from collections.abc import Sequence

from ftworkbench.data.example import Example
from ftworkbench.worker.dropped import TOOLS, left_out
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.tokens import IGNORED, Encoded, conversation

REFUSED, ALL_CUT, DROPS, CUT, NO_STOP, TOO_LONG = KINDS = (
    "template-refused",
    "all-cut",
    "template-drops",
    "cut",
    "no-stop",
    "too-long",
)

Fault = tuple[str, str]


def faults_of(
    example: Example, found: Encoded | RenderError, template: Template, system: str | None, max_length: int | None
) -> list[Fault]:
    """The kinds of what is wrong with a row, with the reason, the gravest first; empty where nothing is."""
    if isinstance(found, RenderError):
        return [(REFUSED, str(found))]
    faults = []
    if not found.trained:
        cut = f"no token to learn is left within train.max_length = {max_length}"
        faults.append((ALL_CUT, cut if found.trained_but_cut else "every answer of it has weight 0"))
    raw = example.raw_text is not None  # is written by no template
    missing = [] if raw else left_out(template, conversation(example, system), found.text, example.tools)
    if missing:
        faults.append((DROPS, f"the model's chat template leaves out {_named(missing)}"))
    if not found.trained:
        return faults
    if found.trained_but_cut:
        said = f"{found.trained_but_cut} tokens to learn are cut off at train.max_length = {max_length}"
        faults.append((CUT, said))
    elif not stop_is_trained(found, template):
        faults.append((NO_STOP, "the token that ends its last answer is not trained"))
    elif found.cut:
        said = f"{len(found.input_ids) + len(found.cut)} tokens, of which train.max_length = {max_length} are kept"
        faults.append((TOO_LONG, f"{said}; no answer is cut"))
    return faults


def stop_is_trained(found: Encoded, template: Template) -> bool:
    """Whether the last answer that is learned is learned with the token that ends it."""
    labels = [*found.labels, *found.cut_labels]
    last = len(labels) - 1
    while last >= 0 and (labels[last] == IGNORED or _is_space(found, last, labels[last], template)):
        last -= 1
    return 0 <= last < len(found.labels) and labels[last] in template.special


def _is_space(found: Encoded, place: int, token: int, template: Template) -> bool:
    start, end = found.offsets[place]
    return token not in template.special and not found.text[start:end].strip()


def _named(missing: Sequence[str]) -> str:
    roles = list(dict.fromkeys(role for role in missing if role != TOOLS))
    parts = [f"what these turns say or call: {', '.join(roles)}"] if roles else []
    return "; and ".join([*parts, "the list of tools"] if TOOLS in missing else parts)
