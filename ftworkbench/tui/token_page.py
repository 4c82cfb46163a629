"""The token view: exactly what is trained on, as the tokenizer in a session job has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from ftworkbench.errors import JobError
from ftworkbench.printable import printable
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.lines_view import wrapped

if TYPE_CHECKING:
    from ftworkbench.steps.recipe import Opened
    from ftworkbench.tui.sessions import Sessions

# The tokenizer is small, but the worker's libraries take seconds to import, more on a slow disk.
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Piece:
    """A token: its text, and whether it is masked, trained or cut. `special` is a special token's name, or empty."""

    text: str
    kind: str
    special: str = ""


def ask_tokens(
    sessions: Sessions, opened: Opened, messages: Sequence[Mapping[str, Any]], tools: Sequence[Any]
) -> tuple[Piece, ...]:
    """The tokens of a row, from the recipe's session (started where none runs). Waits; raises WorkbenchError."""
    from ftworkbench.jobs.session import answers, ask

    job = sessions.open(opened, None)
    request = ask(job, "tokens", messages=[dict(message) for message in messages], tools=list(tools))
    for event in answers(job, request, timeout=_PATIENCE_SECONDS):
        if event.fields.get("error"):
            raise JobError(str(event.fields["error"]))
        if event.fields.get("done"):
            return read_pieces(event.fields)
    raise JobError(f"{job.name}: the session gave no tokens")


def read_pieces(fields: Mapping[str, Any]) -> tuple[Piece, ...]:
    """The tokens that an answer of a session holds."""
    return tuple(
        Piece(str(piece.get("text", "")), str(piece.get("state", "masked")), str(piece.get("special") or ""))
        for piece in fields.get("pieces", ())
    )


_STYLES = {"masked": "$text-disabled", "trained": "bold $foreground", "cut": "underline $error"}
_SPECIAL = {"masked": "$token-special 60%", "trained": "bold $token-special", "cut": "underline $error"}


def token_lines(pieces: Sequence[Piece], width: int) -> list[Content]:
    """The tokens in their order, then how many of each kind there are, and what the styles mean."""
    counts = {kind: sum(piece.kind == kind for piece in pieces) for kind in _STYLES}
    head = Content.assemble(
        (f"{len(pieces)} tokens: ", "bold"),
        (f"{counts['trained']} trained", _STYLES["trained"]), ", ",
        (f"{counts['masked']} masked", _STYLES["masked"]), ", ",
        (f"{counts['cut']} cut", _STYLES["cut"] if counts["cut"] else "$text-muted"),
    )  # fmt: skip
    body = Content("").join(_shown(piece) for piece in pieces)
    legend = Content.assemble(
        ("dim is masked", _STYLES["masked"]), " · ", ("bold is trained", _STYLES["trained"]), " · ",
        ("underlined is cut", _STYLES["cut"]), " · ", ("‹name› is a special token", _SPECIAL["trained"]),
    )  # fmt: skip
    return [head, Content(""), *wrapped(body, width), Content(""), *wrapped(legend, width)]


def _shown(piece: Piece) -> Content:
    styles = _SPECIAL if piece.special else _STYLES
    style = styles.get(piece.kind, "")
    if piece.special:
        return Content.styled(f"‹{printable(piece.special)}›", style)
    return shown(piece.text, style)


@dataclass
class TokenPage:
    """Whether the tokens are looked at, and of which row. `ask` gets the tokens of a row, in its own time."""

    ask: Callable[[int], object]
    is_open: bool = False
    index: int | None = None
    pieces: tuple[Piece, ...] = ()
    error: str = ""

    def show(self, index: int) -> None:
        """Asks for the tokens of that row, unless they are there already."""
        if index != self.index:
            self.index, self.pieces, self.error = index, (), ""
            self.ask(index)

    def lines(self, width: int) -> list[Content]:
        if self.error:
            return wrapped(shown(self.error, "$error"), width)
        if not self.pieces:
            return wrapped(Content.styled("starting the tokenizer…", "$text-muted"), width)
        return token_lines(self.pieces, width)

    def close(self) -> None:
        self.is_open, self.index = False, None
