"""A workspace whose every text wants to steer the terminal, and what of it may reach one."""

from __future__ import annotations

import json
import random
import re
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.sources.source import open_source
from ftworkbench.data.splits.split import freeze
from ftworkbench.files import write_json
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import EventLog
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.session import Requests
from ftworkbench.jobs.state import State, own_state, write_state
from ftworkbench.machine import boot_id, host
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.recipe import Opened, open_recipe
from ftworkbench.workspace import Workspace

# The number is in every control sequence here, and in none that a well-behaved program sends.
MARK = "471"
SGR = f"\x1b[{MARK}m"
C1 = "\x9b"  # what begins a sequence where a terminal obeys C1; it comes through a paste
ATTACKS = (
    f"{C1}{MARK}m",
    "\u202e",
    f"\x1b]52;c;{MARK}\x07",
    f"\x1b]0;{MARK}\x07",
    f"\x1b]8;;http://{MARK}.example\x1b\\",
    f"\x1bP{MARK}q\x1b\\",
    f"\x1b_{MARK}\x1b\\",
    f"\x9d0;{MARK}\x9c",
    f"\x90{MARK}q\x9c",
    "\x1bc",
    "\x07",
    "\x08",
    "\x7f",
    "\x85",
    "\u2066",
    "\u2069",
    "\u200b",
    "\ufeff",
    "\u2028",
)
MARKUP = "[/b] [red]IMPORTANT[/red] [@click=app.quit]x[/] [IMPORTANT]"


def hostile(spot: str) -> str:
    """A hostile text that says where it is from: `spot` is a short word that nothing else has."""
    return f"{spot}{SGR}{MARKUP}{''.join(ATTACKS)}"


def hostile_word(spot: str) -> str:
    """The same without spaces and slashes, for names, tags and folders."""
    return f"{spot}{SGR}[red][IMPORTANT]\u202e\x9b{MARK}m\x1b]0;{MARK}\x07\u200b"


def visible(spot: str) -> str:
    """How the beginning of either looks on the screen."""
    return f"{spot}\u241b[{MARK}m"


# Textual's own: CSI sequences, and the one OSC that gives the mouse pointer its shape.
_WHOLE = re.compile(r"\x1b\[[0-9;:<=>?]*[ -/]*[@-~]|\x1b\]22;[a-z-]*\x07|\r|\n")


def leaks(raw: bytes) -> list[str]:
    """What a terminal would have obeyed or hidden in these bytes, with what stands around it.

    All that a program may send are plain CSI sequences without the mark; no OSC or DCS, nothing of C1, no bidi mark.
    """
    text = raw.decode("utf-8", "replace")
    found = []

    def took(match: re.Match[str]) -> str:
        if MARK in match.group():
            found.append(_around(text, match.start(), match.end()))
        return " " * len(match.group())

    rest = _WHOLE.sub(took, text)
    found += [_around(text, place, place + 1) for place, char in enumerate(rest) if _steers(char)]
    return found


def _steers(char: str) -> bool:
    return char == "\ufffd" or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _around(text: str, start: int, end: int) -> str:
    return f"{text[start:end]!r} in {_WHOLE.sub('', text[max(start - 60, 0) : start])!r}>>>{text[start : end + 30]!r}"


RECIPE = """\
# C1 and bidi may stand in a comment: {comment}
[model]
model_id = "tiny"

[lora]
r = 16

[train]
num_train_epochs = 3.0
max_length = 512

[data]
train = {train}
test = "test.jsonl"
label = "queue"

[prompt]
system = {system}
few_shot = [0, 2]

[launch]
device = "cpu"
threads = 2
"""


@dataclass(frozen=True)
class Workplace:
    """The workspace, its recipe, and its jobs by what they are for."""

    workspace: Workspace
    recipe: Path
    jobs: Mapping[str, Job]


def make_workplace(root: Path) -> Workplace:
    """A workspace in a folder of `root`, with hostile names, rows, decisions, recipes and jobs of every kind."""
    folder = root / hostile_word("Ws")
    folder.mkdir(parents=True)
    workspace = Workspace(folder)
    train = f"{hostile_word('Tr')}.jsonl"
    recipe = folder / f"{hostile_word('Rc')}.toml"
    text = RECIPE.format(
        comment=f"Co{C1}{MARK}m \u202e [/b]", train=json.dumps(train), system=json.dumps(hostile("Sp"))
    )
    recipe.write_text(text)
    wrong = f'[model]\nmodel_id = "tiny"\n{json.dumps(hostile_word("Uk"))} = 1\n[data]\ntrain = "test.jsonl"\n'
    (folder / f"{hostile_word('Rx')}.toml").write_text(wrong)
    (folder / "tiny").mkdir()
    (folder / "tiny" / "config.json").write_text(json.dumps(_MODEL))
    _write_rows(folder / train)
    (folder / "test.jsonl").write_text("".join(f"{_chat(f'Te {n} {_WORDS[n]} {MARKUP}', n)}\n" for n in range(6)))
    opened = open_recipe(recipe)
    _decide(opened)
    split = freeze(workspace, opened.recipe.name, opened.recipe.data)
    return Workplace(workspace, recipe, _make_jobs(opened, {"split": split.sha256, "test": split.test_sha256}))


_MODEL = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
    "max_position_embeddings": 512, "tie_word_embeddings": True,
}  # fmt: skip
_WORDS = [
    "lamp", "kettle", "parcel", "invoice", "courier", "refund", "login", "screen", "cable", "winter", "garden", "seven",
    "broken", "orange", "window", "customer", "account", "slow", "quick", "empty", "letter", "monday", "river",
    "copper", "pillow", "button", "ladder", "engine",
]  # fmt: skip


def _chat(user: str, number: int) -> str:
    answer = json.dumps({"queue": hostile_word(f"Lb{number % 2}"), "urgency": "high"})
    return json.dumps({"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]})


def _write_rows(path: Path) -> None:
    call = {"type": "function", "function": {"name": hostile_word("Tc"), "arguments": hostile("Ta")}}
    rows: list[list[dict[str, Any]]] = [
        [{"role": "user", "content": hostile("Us")}, {"role": "assistant", "content": hostile("As")}],
        [{"role": "system", "content": hostile("Sy")}, {"role": "user", "content": "Hm"},
         {"role": "assistant", "content": "x"}],
        [{"role": "user", "content": "Call it"}, {"role": "assistant", "content": "", "tool_calls": [call]},
         {"role": "tool", "content": hostile("To")}, {"role": "assistant", "content": "done"}],
        [{"role": hostile_word("Ro"), "content": hostile("Rc")}, {"role": "assistant", "content": "x"}],
        [{"role": "user", "content": hostile("Ne")}, {"role": "assistant", "content": ""}],
        [{"role": "user", "content": "Su \ud800 [/b]"}, {"role": "assistant", "content": "x"}],
        [{"role": "user", "content": f"Edit me {MARKUP}"}, {"role": "assistant", "content": "[/b]"}],
    ]  # fmt: skip
    lines = [json.dumps({"messages": messages}) for messages in rows]
    lines.append(hostile("Nj").replace("\u2028", ""))
    draw = random.Random(4)
    lines += [_chat(f"Pl {' '.join(draw.sample(_WORDS, 12))} [/b]", n) for n in range(24)]
    path.write_bytes("\n".join(lines).encode() + b"\n")


def _decide(opened: Opened) -> None:
    ledger = Ledger.open(opened.workspace.ledger, by=hostile_word("By"))
    with open_source(opened.workspace.root / opened.recipe.data.train, opened.recipe.data) as source:
        while not source.index_some(1.0):
            pass
        keys = [source.row(index).key for index in range(9)]
    ledger.decide(keys[0], "tag", tag=hostile_word("Tg"))
    edited = [{"role": "user", "content": hostile("Ed")}, {"role": "assistant", "content": hostile("Ea")}]
    ledger.decide(keys[1], "edit", messages=edited, why=hostile("Wh"))
    ledger.close()


# Jobs


def _make_jobs(opened: Opened, hashes: dict[str, str]) -> dict[str, Job]:
    workspace, name, text = opened.workspace, opened.recipe.name, dumps(opened.resolved)
    made: dict[str, Job] = {}

    def job(label: str, kind: str, recipe: str, **args: Any) -> Job:
        """A job, its folder renamed: a workspace may come from anywhere."""
        manifest = {"recipe": name, "args": args, "hashes": hashes, "choices": []}
        found = create_job(workspace, kind, recipe, manifest)
        own = found.path.with_name(f"2026-01-0{len(made) + 1}-Jn{SGR}-J{len(made)}{SGR}[b]\u202e")
        found.path.rename(own)
        made[label] = Job(own)
        return made[label]

    odd = job("odd", hostile_word("Kd"), "# Rt " + hostile("Rt"))
    write_state(odd, own_state(hostile_word("Ph"), 1))

    failed = job("failed", "train", "# " + hostile("Rt"))
    log = EventLog(failed.events, 1)
    log.emit("phase", phase="running", why="")
    for level in ("info", "warning", "error", hostile_word("Lv")):
        log.emit("notice", level=level, text=hostile("Nt"), code=hostile_word("Cd"), step=3)
    log.emit("metric", step=1, epoch=0.1, values={hostile_word("Mt"): 0.5, hostile_word("Mu"): 0.25})
    _end(failed, log, "failed", hostile("Wy"))
    failed.log.write_text(f"{hostile('Lg')}\n\r 10%|{SGR}\r100%|{hostile('Lp')}\n")

    done = job("done", "train", text)
    _train(done)
    unknown = job("unknown", "evaluate", text, job=str(done.path), baseline=None)
    _end(unknown, EventLog(unknown.events, 1), "done")
    write_json(unknown.verdict, {"n": 1, "verdict": {"word": "better", "metric": hostile("Um")}, "systems": []})
    _measure(job("evaluated", "evaluate", text, job=str(done.path), baseline=None))
    _merge(job("merged", "merge", text, job=str(done.path)), workspace)

    for label, args in (("compare", str(done.path)), ("tokens", None)):
        session = job(label, "session", text, job=args)
        write_state(session, own_state("running", 1))
        EventLog(session.events, 1).emit("phase", phase="running", why="")

    running = job("running", "train", text)
    log = EventLog(running.events, 1)
    log.emit("phase", phase="running", why=hostile("Wr"))
    log.emit("progress", what=hostile("Pw"), done=3, total=9, unit=hostile_word("Pu"))
    write_state(running, own_state("running", 1))
    return made


def _end(job: Job, log: EventLog, phase: str, why: str = "") -> None:
    log.emit("phase", phase=phase, why=why)
    log.close()
    write_state(job, State(phase=phase, pid=4_000_000, start=1, boot_id=boot_id(), host=host(), why=why))


def _train(job: Job) -> None:
    log = EventLog(job.events, 1)
    log.emit("phase", phase="running", why="")
    for step in range(1, 31):
        log.emit("metric", step=step, epoch=step / 10, values={"loss": 2 / step, hostile_word("Mt"): step / 7})
        log.emit("progress", what="training", done=step, total=30, unit="steps")
    _end(job, log, "done")
    job.adapter.mkdir()
    (job.adapter / "adapter_config.json").write_text("{}")


def _measure(job: Job) -> None:
    """An evaluation by contestants, on rows and with a verdict that are hostile all the way."""
    name = hostile_word("Cn")
    metrics = {
        "json_match": {"value": 0.5, "interval": [0.3, 0.7]},
        hostile_word("Mn"): {"value": 0.5, "interval": None},
    }
    for system, answer in ((name, "Ab"), ("tuned", "At")):
        job.outputs.mkdir(exist_ok=True)
        with (job.outputs / f"test.{system}.jsonl").open("w") as file:
            for number in range(5):
                row = {
                    "row": hostile_word("Or"),
                    "messages": [{"role": hostile_word("Om"), "content": hostile("Oc")},
                                 {"role": "user", "content": hostile("Op")}],
                    "reference": hostile("Rf"), "answer": "Rf" if number % 2 else hostile(answer),
                    "finish": hostile_word("Fi"), "tokens": 3, "seconds": 0.1,
                }  # fmt: skip
                file.write(json.dumps(row) + "\n")
    verdict = {
        "word": hostile_word("Vw"), "metric": "json_match", "p_value": 0.01, "interval": [0.1, 0.3],
        "needed": None, "n": 5, "baseline": 0.5, "tuned": 0.7, "difference": 0.2, "gained": 3, "lost": 1,
        "test": hostile("Vt"), "reasons": [hostile("Vr")],
    }  # fmt: skip
    found = {
        "job": job.name, "n": 5, "verdict": verdict, "chosen": name,
        "systems": [{"name": each, "metrics": metrics} for each in (name, "tuned")],
        "contestants": [{"name": each, "metrics": metrics} for each in (name, hostile_word("Cz"))],
        "regression": [{"suite": hostile_word("Rs"), "before": 0.9, "after": 0.8, "word": hostile_word("Rw"), "n": 4}],
    }  # fmt: skip
    write_json(job.verdict, found)
    _end(job, EventLog(job.events, 1), "done")


def _merge(job: Job, workspace: Workspace) -> None:
    out = workspace.root / hostile_word("Mp")
    out.mkdir()
    (out / "config.json").write_text("{}")
    result = {
        "path": str(out), "same_answers": 3, "prompts": 4, "max_logit_drift": 0.1, "dtype": hostile_word("Dt"),
        "sha256": hostile_word("Sh"), "adapter_sha256": hostile_word("Ah"), "gib": 0.1,
    }  # fmt: skip
    write_json(job.result, result)
    _end(job, EventLog(job.events, 1), "done")


# Sessions


def _answer(log: EventLog, request: Mapping[str, Any]) -> None:
    """Answers as a worker does: in pieces, an escape sequence cut in two by them; who has examples fails."""
    common = {"request": request["id"]}
    if request["op"] == "tokens":
        pieces = [
            {"text": "<x>", "state": hostile_word("Ts"), "special": hostile_word("Tx"), "id": 2},
            {"text": f"\n{hostile('Tk')}", "state": "trained", "special": None, "id": 1},
        ]
        log.emit("answer", **common, system="", done=True, pieces=pieces)
    for system in request.get("systems", ()):
        about = {**common, "system": system["name"]}
        if system["shots"]:
            log.emit("answer", **about, error=hostile("Er"))
            continue
        text = hostile("An")
        for part in (text[:3], text[3:4], text[4:]):
            log.emit("answer", **about, delta=part)
        log.emit(
            "answer", **about, done=True, text=text, tokens=3, finish=hostile_word("Fi"), seconds=0.1,
            adapter_sha256=f"Ad{SGR}" if system["adapter"] else None,
        )  # fmt: skip


@contextmanager
def answered(*sessions: Job) -> Iterator[None]:
    """This process is the worker of these sessions, as their states say."""
    stop = threading.Event()

    def work() -> None:
        asked = [(Requests(session.requests), EventLog(session.events, 1)) for session in sessions]
        while not stop.wait(0.02):
            for requests, log in asked:
                for request in requests.poll():
                    _answer(log, request)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
