"""Finding what a text says: one field as plain words, or several as JSON with keys that the prompt names."""

import json
from random import Random

from ftworkbench.demo.corpus.bank import Bank
from ftworkbench.demo.corpus.dialogue import Dialogue, Pair, Task, ask
from ftworkbench.demo.corpus.facts import FACTS, Fact, code, person
from ftworkbench.demo.corpus.labels import any_name, any_word, distinct_names, key_names
from ftworkbench.demo.corpus.message import fill
from ftworkbench.demo.corpus.noise import typed
from ftworkbench.demo.corpus.phrases import ASIDES, FAREWELLS, GREETINGS

ASK_ONE = (
    "What is the {key}?",
    "Find the {key}.",
    "Extract the {key}.",
    "Give me the {key} only.",
    "Which {key} does the text name?",
    "Copy the {key} from the text.",
    "{key}?",
    "Return just the {key}.",
    "Tell me the {key} in the message.",
    "From the message, take the {key}.",
    "I want to know the {key}.",
    "Which {key} do you see?",
    "Pick out the {key}.",
    "Name the {key}.",
    "Look for the {key} and repeat it.",
    "Can you find the {key}?",
    "Say the {key}.",
    "The {key}, please.",
    "Show me the {key} that is given.",
    "Read out the {key}.",
    "{key} only",
    "What does it say about the {key}?",
)
ASK_ONE_HELD_OUT = ("Write down the {key} that is mentioned.", "I need the {key}, nothing else.")
ASK_JSON = (
    "Extract {keys} as JSON.",
    "Answer in JSON with the keys {keys}.",
    "Give a JSON object with {keys}.",
    "Return JSON: {shape}",
    "Fill in this JSON: {shape}",
    "Put {keys} into JSON.",
    "JSON only. Keys: {keys}.",
    "Read the text and write {keys} as a JSON object.",
    "Make a JSON object from it ({keys}).",
)
ASK_JSON_HELD_OUT = ("Write what you find as JSON, under the keys {keys}.", "Please turn it into JSON with {keys}.")
MISSING = "none"


def letter(rng: Random, facts: list[Fact], values: list[str]) -> str:
    """A text that states these facts, in any order, among sentences that say nothing."""
    parts = [rng.choice(fact.sentences).replace("@", value) for fact, value in zip(facts, values, strict=True)]
    rng.shuffle(parts)
    while rng.random() < 0.3:
        parts.insert(rng.randrange(len(parts) + 1), _harmless(rng))
    if rng.random() < 0.25:
        parts.insert(0, rng.choice(GREETINGS[:8]))
    if rng.random() < 0.2:
        parts.append(rng.choice(FAREWELLS[:2]))
    return " ".join(parts)


def _harmless(rng: Random) -> str:
    return rng.choice([aside for aside in ASIDES if "{" not in aside])


def one_field(rng: Random, source: Bank) -> Task:
    """One fact out of a text with several; now and then it is not there, and the answer is "none"."""
    wanted = rng.choice(FACTS)
    key = rng.choice(wanted.keys)
    as_question = rng.random() < 0.25
    templates = ASK_ONE_HELD_OUT if source.prompts == "held_out" else ASK_ONE
    instruction = wanted.question if as_question and source.prompts == "seen" else rng.choice(templates).format(key=key)
    may_miss = rng.random() < 0.15
    if may_miss:
        instruction += f" If there is none, say {MISSING}."

    def draw() -> Pair:
        facts = rng.sample([fact for fact in FACTS if fact is not wanted], rng.randint(1, 4))
        missing = may_miss and rng.random() < 0.4
        if not missing:
            facts.append(wanted)
        values = [fact.draw(rng, source) for fact in facts]
        return letter(rng, facts, values), MISSING if missing else values[-1]

    return Task(instruction, draw, "extract", "exact_match", 0.4)


def records(rng: Random, source: Bank) -> Task:
    """Several facts out of a text as JSON, under the keys that the prompt names, in its order."""
    if rng.random() < 0.35:
        return list_fields(rng, source)
    wanted = rng.sample(FACTS, rng.choice((1, 2, 2, 2, 3, 3, 4)))
    keys = [rng.choice(fact.keys) for fact in wanted]
    if len(set(keys)) < len(keys):
        keys = [fact.keys[0] for fact in wanted]
    templates = ASK_JSON_HELD_OUT if source.prompts == "held_out" else ASK_JSON
    instruction = _asked(rng, rng.choice(templates), keys)

    def draw() -> Pair:
        spare = [fact for fact in FACTS if fact not in wanted]
        facts = [*wanted, *rng.sample(spare, rng.randint(0, 2))]
        values = [fact.draw(rng, source) for fact in facts]
        answer = dict(zip(keys, values[: len(keys)], strict=True))
        return letter(rng, facts, values), json.dumps(answer, ensure_ascii=False)

    return Task(instruction, draw, "json", "json_match", 0.5)


def list_fields(rng: Random, source: Bank) -> Task:
    """Named values in a list, asked for as JSON under the same or other keys; the values may be any words."""
    count = rng.choice((2, 2, 3, 3, 4))
    keys = key_names(rng, source, tuple([name] for name in distinct_names(rng, source, count)))
    templates = ASK_JSON_HELD_OUT if source.prompts == "held_out" else ASK_JSON
    instruction = _asked(rng, rng.choice(templates), keys)
    form = rng.choice(("{k}: {v}", "{k} = {v}", "the {k} is {v}", "{k} - {v}", "{v} is the {k}"))
    gap = rng.choice(("\n", ", ", "; ", " and "))

    def draw() -> Pair:
        values = [_value(rng, source) for _ in keys]
        pairs = list(zip(keys, values, strict=True))
        shown = rng.sample(pairs, len(pairs))
        return gap.join(form.format(k=key, v=value) for key, value in shown), json.dumps(
            dict(pairs), ensure_ascii=False
        )

    return Task(instruction, draw, "json", "json_match", 0.5)


def _value(rng: Random, source: Bank) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return code(rng, source)
    if kind == 1:
        return person(rng, source)
    return any_word(rng, source) if kind == 2 else any_name(rng, source)


def _asked(rng: Random, template: str, keys: list[str]) -> str:
    named = ", ".join(keys)
    if rng.random() < 0.6 and len(keys) > 1:
        named = f"{', '.join(keys[:-1])} and {keys[-1]}"
    return template.format(keys=named, shape="{" + ", ".join(f'"{key}": ...' for key in keys) + "}")


def extraction(rng: Random, source: Bank) -> Dialogue:
    """One field, zero-shot or with up to three examples."""
    return ask(rng, one_field(rng, source), rng.choice((0, 0, 0, 1, 2, 3)))


def json_records(rng: Random, source: Bank) -> Dialogue:
    """JSON by named keys, zero-shot or with up to three examples."""
    return ask(rng, records(rng, source), rng.choice((0, 0, 0, 1, 2, 3)))


def quoted_field(rng: Random, source: Bank) -> Dialogue:
    """One field out of a text with slips of the keyboard in its small talk."""
    wanted = rng.choice(FACTS)
    value = wanted.draw(rng, source)
    talk = typed(rng, fill(rng, source, rng.choice([aside for aside in ASIDES if "{" not in aside])))
    text = f"{talk} {rng.choice(wanted.sentences).replace('@', value)}"
    templates = ASK_ONE_HELD_OUT if source.prompts == "held_out" else ASK_ONE
    task = Task(rng.choice(templates).format(key=rng.choice(wanted.keys)), lambda: (text, value), "extract")
    return ask(rng, task)
