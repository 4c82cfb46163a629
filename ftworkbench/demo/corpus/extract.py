"""Finding what a text says: one field as plain words, or several as JSON with keys that the prompt names."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ftworkbench.demo.corpus.bank import Bank, bank
from ftworkbench.demo.corpus.dialogue import Dialogue, Pair, Task, ask
from ftworkbench.demo.corpus.labels import any_name, any_word, distinct_names, key_names, spliced
from ftworkbench.demo.corpus.message import ASIDES, FAREWELLS, GREETINGS, PLANS, amount, clock, date, fill
from ftworkbench.demo.corpus.noise import typed


@dataclass(frozen=True)
class Fact:
    """Something that a text can state: what it is called in a prompt, how it is drawn, how it is said."""

    keys: tuple[str, ...]
    question: str
    draw: Callable[[Random, Bank], str]
    sentences: tuple[str, ...]


def _from(*kinds: str) -> Callable[[Random, Bank], str]:
    proper = not {"city", "country"}.isdisjoint(kinds)

    def draw(rng: Random, source: Bank) -> str:
        if rng.random() < 0.3:
            word = spliced(rng, source)
            return word.capitalize() if proper else word
        words = [word for kind in kinds for word in source.kinds[kind]]
        return rng.choice(words or [word for kind in kinds for word in bank("seen").kinds[kind]])

    return draw


def _person(rng: Random, source: Bank) -> str:
    first = rng.choice(source.kinds["given_name"]) if rng.random() < 0.7 else spliced(rng, source).capitalize()
    return first if rng.random() < 0.5 else f"{first} {rng.choice(source.kinds['surname'])}"


def _code(rng: Random, _: Bank) -> str:
    letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randrange(0, 3)))
    digits = "".join(str(rng.randrange(10)) for _ in range(rng.randrange(3, 7)))
    return f"{letters}{rng.choice(('-', '', ''))}{digits}" if letters else digits


def _mail(rng: Random, source: Bank) -> str:
    name = rng.choice(source.kinds["given_name"]).lower()
    return f"{name}{rng.choice(('', '.', '_'))}{rng.choice(source.words)}@{any_word(rng, source)}.{rng.choice(('com', 'org', 'net', 'de', 'uk'))}"


FACTS = (
    Fact(("name", "person", "customer", "sender", "who", "client", "guest"), "Who is it?", _person, (
        "My name is @.", "I am @.", "This is @ writing.", "@ here.", "The name is @.", "It was booked for @.",
        "Please ask for @.", "You spoke to @.")),
    Fact(("city", "town", "place", "where", "location"), "Which city is named?", _from("city"), (
        "I live in @.", "We are in @ now.", "It was sent to @.", "I am writing from @.", "The office is in @.",
        "We fly to @.", "She moved to @.", "The meeting is in @.")),
    Fact(("country", "nation", "land"), "Which country is named?", _from("country"), (
        "I come from @.", "It was made in @.", "We go to @ in summer.", "My family is in @.", "He was born in @.")),
    Fact(("day", "date", "when"), "Which day is named?", lambda rng, _: date(rng), (
        "I will come on @.", "It happened on @.", "The appointment is on @.", "We meet on @.", "It is due on @.",
        "I called on @.", "Can we say @?")),
    Fact(("time", "hour", "at"), "At what time?", lambda rng, _: clock(rng), (
        "Be there at @.", "It starts at @.", "The train leaves at @.", "I get up at @.", "They close at @.",
        "He rang at @.")),
    Fact(("price", "amount", "sum", "cost", "total"), "How much money is it?", lambda rng, _: amount(rng), (
        "It cost @.", "I paid @.", "The price is @.", "They want @.", "You owe me @.", "The total comes to @.")),
    Fact(("code", "number", "reference", "order_id", "id", "ref"), "What is the number?", _code, (
        "The number is @.", "My reference is @.", "See case @.", "The code on it is @.", "It is about order @.",
        "Look for @ in your files.")),
    Fact(("email", "mail", "contact", "reply_to"), "What is the email address?", _mail, (
        "Write to @.", "My mail is @.", "You reach me at @.", "Send it to @ please.", "Reply to @.")),
    Fact(("item", "product", "thing", "object", "goods"), "Which thing is it about?",
         _from("furniture", "tool", "kitchen", "device", "toy", "clothing"), (
        "I would like a @.", "It is about a @.", "The @ is here.", "She bought a @.", "My @ is gone.", "Is the @ ready?",
        "We need one more @.")),
    Fact(("colour", "shade", "paint"), "Which colour is it?", _from("colour"), (
        "It should be @.", "I want it in @.", "The colour is @.", "They painted it @.", "It is @ all over.")),
    Fact(("job", "profession", "work"), "What is the job?", _from("job"), (
        "I work as a @.", "She is a @.", "He wants to be a @.", "We look for a @.", "I was a @ for years.")),
    Fact(("animal", "pet", "beast"), "Which animal is it?", _from("animal", "bird"), (
        "I have a @.", "There was a @ in the garden.", "The @ ran away.", "She feeds the @.", "Look at that @!")),
    Fact(("food", "meal", "dish", "fruit"), "What is eaten?", _from("food", "fruit", "vegetable"), (
        "We had @ for dinner.", "I ate @.", "He likes @ best.", "There is no @ left.", "Please bring @.")),
    Fact(("count", "people", "quantity", "how_many"), "How many are they?", lambda rng, _: str(rng.randrange(2, 100)), (
        "We are @ people.", "There were @ of them.", "I need @ of these.", "@ came.", "I counted @.")),
    Fact(("plan", "service", "kind"), "What was bought?", lambda rng, _: rng.choice(PLANS), (
        "I took out a @.", "It is for the @.", "We paid for a @.", "They changed my @.")),
    Fact(("feeling", "mood", "emotion"), "How does the writer feel?", _from("feeling"), (
        "I am so @.", "I feel @ today.", "It makes me @.", "She looked @.")),
)  # fmt: skip

ASK_ONE = (
    "What is the {key}?", "Find the {key}.", "Extract the {key}.", "Give me the {key} only.", "Which {key} does the text name?",
    "Copy the {key} from the text.", "{key}?", "Return just the {key}.", "Tell me the {key} in the message.",
    "From the message, take the {key}.", "I want to know the {key}.", "Which {key} do you see?", "Pick out the {key}.",
    "Name the {key}.", "Look for the {key} and repeat it.", "Can you find the {key}?", "Say the {key}.", "The {key}, please.",
    "Show me the {key} that is given.", "Read out the {key}.", "{key} only", "What does it say about the {key}?",
)  # fmt: skip
ASK_ONE_HELD_OUT = ("Write down the {key} that is mentioned.", "I need the {key}, nothing else.")
ASK_JSON = (
    "Extract {keys} as JSON.", "Answer in JSON with the keys {keys}.", "Give a JSON object with {keys}.",
    "Return JSON: {shape}", "Fill in this JSON: {shape}", "Put {keys} into JSON.", "JSON only. Keys: {keys}.",
    "Read the text and write {keys} as a JSON object.", "Make a JSON object from it ({keys}).",
)  # fmt: skip
ASK_JSON_HELD_OUT = ("Write what you find as JSON, under the keys {keys}.", "Please turn it into JSON with {keys}.")
MISSING = "none"


def _text(rng: Random, source: Bank, facts: list[Fact], values: list[str]) -> str:
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
        return _text(rng, source, facts, values), MISSING if missing else values[-1]

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
        return _text(rng, source, facts, values), json.dumps(answer, ensure_ascii=False)

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
        return gap.join(form.format(k=key, v=value) for key, value in shown), json.dumps(dict(pairs), ensure_ascii=False)

    return Task(instruction, draw, "json", "json_match", 0.5)


def _value(rng: Random, source: Bank) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return _code(rng, source)
    if kind == 1:
        return _person(rng, source)
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
