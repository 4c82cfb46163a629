"""What can be wrong with a row or a file, each with one line of what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Kind:
    """A kind of problem. `refused`: the row cannot be used as it is, unless an edit mends it."""

    name: str
    title: str
    todo: str
    refused: bool = False


@dataclass(frozen=True)
class Problem:
    """Something about a row that a person should look at. Rows are called by their numbers (`Row.number`).

    `other` is the row that this one repeats, contradicts or leaks from; it stands in the same file unless
    `other_path` names another. `key` and `other_key` are theirs, as the ledger knows them. `settled`: the ledger has
    decided it. `blocks`: must be decided before training.
    """

    kind: str
    row: int
    reason: str
    blocks: bool = False
    other: int | None = None
    other_path: str = ""
    settled: bool = False
    key: str = ""
    other_key: str = ""

    def with_keys(self, key: str, other_key: str) -> Problem:
        """The same problem, with these keys. (`replace` takes ten times as long, and there may be many.)"""
        return Problem(
            self.kind, self.row, self.reason, self.blocks, self.other, self.other_path, self.settled, key, other_key
        )

    def turned(self) -> Problem:
        """A problem of a pair as it is seen from the other row. `other_path` stays: it is for the caller to say."""
        return replace(self, row=self.other or 0, other=self.row, key=self.other_key, other_key=self.key)


@dataclass(frozen=True)
class Advice:
    """What the rules of thumb for data say about a whole file, and what to do next."""

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text


def _kinds(*kinds: Kind) -> dict[str, Kind]:
    return {kind.name: kind for kind in kinds}


KINDS = _kinds(
    Kind("not-json", "not JSON", "mend the line in the source file, or leave it out", refused=True),
    Kind("not-utf8", "broken text", "save the file as UTF-8 from the program that wrote it", refused=True),
    Kind("no-messages", "no messages", "name the columns in the recipe, or mend the row", refused=True),
    Kind("no-column", "a column is missing", "name the right columns in the recipe, or mend the row", refused=True),
    Kind("bad-fields", "too many or too few fields", "mend the row in the source file, or leave it out", refused=True),
    Kind("bad-file", "a file that cannot be read", "mend the file, or take it out of the folder", refused=True),
    Kind("bad-message", "unreadable message", "edit the row, or mend it in the source file", refused=True),
    Kind("unknown-role", "unknown role", "use system, user, assistant or tool", refused=True),
    Kind("no-assistant", "no assistant turn", "add the answer that the model should learn", refused=True),
    Kind("empty-answer", "empty answer", "write the answer (edit), or reject the row", refused=True),
    Kind("bad-weight", "a weight that is none", "make the weight of the turn 0 or 1", refused=True),
    Kind("nothing-to-learn", "nothing to learn", "give one assistant turn weight 1, or reject the row", refused=True),
    Kind("bad-tools", "unreadable tools", "give each tool a function with a name", refused=True),
    Kind("not-wanted", "an answer not wanted", "nothing to do: such rows are for preference training", refused=True),
    Kind(
        "unanswered",
        "does not end in an answer",
        "add the last answer, or cut the turns after it",
        refused=True,
    ),
    Kind("not-alternating", "turns do not alternate", "look whether a turn is missing; the row is kept"),
    Kind("tool-mismatch", "calls and tools do not match", "look at tools, calls and results; the row is kept"),
    Kind("odd-name", "an odd name", "look whether the chat template needs it; the row is kept"),
    Kind("unread-field", "a field that is not read", "nothing, if it need not be learned; the row is kept"),
    Kind("empty-prompt", "empty prompt", "look whether the prompt was lost; the row is kept"),
    Kind("exact-duplicate", "exact duplicate", "nothing: only the first copy is used; a decision is for all of them"),
    Kind("near-duplicate", "near-duplicate", "keep the better of the two and reject the other"),
    Kind("conflicting-duplicate", "duplicate with another answer", "edit or reject the one that is wrong"),
    Kind("broken-answer", "an answer of another form", "edit it to the form of the others, or reject the row"),
    Kind("personal-data", "personal data", "edit it out, or reject the row"),
    Kind(
        "leak",
        "held out, but trained on too",
        "reject one of the two; accepting keeps both, but the same row only in the test",
    ),
    Kind("small-class", "class too small", "collect more rows of this label, or reject them all"),
    Kind("wrong-label", "wrong label?", "read it: its nearest neighbours carry another label"),
    Kind("outlier", "unlike all others", "look whether it belongs here; if not, reject it"),
    Kind("other-language", "another language", "look whether it belongs here; if not, reject it"),
    Kind("damaged-text", "damaged text", "edit it to what it should read, or mend the source file and read it anew"),
    Kind("template-refused", "the chat template refuses it", "edit the turns, or reject it; training leaves it out"),
    Kind("template-drops", "the chat template drops part of it", "take a model whose template has tools, or reject it"),
    Kind("all-cut", "no answer is left to learn", "raise train.max_length, or shorten it; training leaves it out"),
    Kind("cut", "the end of an answer is cut off", "raise train.max_length, or shorten the row"),
    Kind("too-long", "longer than train.max_length", "nothing to do: no answer is cut; the row is kept"),
    Kind("no-stop", "its end is not trained", "give a chat template that ends the last answer within its marks"),
    Kind("few-rows", "few rows", "collect more rows, or use few-shot prompting instead"),
    Kind("imbalance", "unbalanced labels", "collect more rows of the rare labels"),
    Kind("few-per-class", "few rows for a label", "collect more rows of the labels named"),
    Kind("unreviewed", "unreviewed rows", "review the suspects, then a random sample"),
    Kind("sampled", "a sample of the rows", "nothing to do: decide the suspects, and check again"),
    Kind("languages", "several languages", "look whether every language is wanted, and has rows enough"),
    Kind("cut-off", "a damaged file", "get the file anew: only the rows before the damage are read"),
    Kind("unread-ledger", "unreadable ledger lines", "look at ledger.jsonl for what a merge left in it"),
)


def todo(kind: str) -> str:
    """One line of what to do about a problem of this kind."""
    return KINDS[kind].todo
