"""What a text can state: names, places, times, sums, numbers, and how each is said."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ftworkbench.demo.corpus.bank import Bank, bank
from ftworkbench.demo.corpus.labels import any_word, spliced
from ftworkbench.demo.corpus.message import amount, clock, date
from ftworkbench.demo.corpus.phrases import PLANS


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


def person(rng: Random, source: Bank) -> str:
    """A name, with or without a surname."""
    first = rng.choice(source.kinds["given_name"]) if rng.random() < 0.7 else spliced(rng, source).capitalize()
    return first if rng.random() < 0.5 else f"{first} {rng.choice(source.kinds['surname'])}"


def code(rng: Random, _: Bank) -> str:
    """A number of an order or a case, with letters before it or not."""
    letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randrange(0, 3)))
    digits = "".join(str(rng.randrange(10)) for _ in range(rng.randrange(3, 7)))
    return f"{letters}{rng.choice(('-', '', ''))}{digits}" if letters else digits


def _mail(rng: Random, source: Bank) -> str:
    name = rng.choice(source.kinds["given_name"]).lower()
    box = name + rng.choice(("", ".", "_")) + rng.choice(source.words)
    return f"{box}@{any_word(rng, source)}.{rng.choice(('com', 'org', 'net', 'de', 'uk'))}"


FACTS = (
    Fact(
        ("name", "person", "customer", "sender", "who", "client", "guest"),
        "Who is it?",
        person,
        (
            "My name is @.",
            "I am @.",
            "This is @ writing.",
            "@ here.",
            "The name is @.",
            "It was booked for @.",
            "Please ask for @.",
            "You spoke to @.",
        ),
    ),
    Fact(
        ("city", "town", "place", "where", "location"),
        "Which city is named?",
        _from("city"),
        (
            "I live in @.",
            "We are in @ now.",
            "It was sent to @.",
            "I am writing from @.",
            "The office is in @.",
            "We fly to @.",
            "She moved to @.",
            "The meeting is in @.",
        ),
    ),
    Fact(
        ("country", "nation", "land"),
        "Which country is named?",
        _from("country"),
        ("I come from @.", "It was made in @.", "We go to @ in summer.", "My family is in @.", "He was born in @."),
    ),
    Fact(
        ("day", "date", "when"),
        "Which day is named?",
        lambda rng, _: date(rng),
        (
            "I will come on @.",
            "It happened on @.",
            "The appointment is on @.",
            "We meet on @.",
            "It is due on @.",
            "I called on @.",
            "Can we say @?",
        ),
    ),
    Fact(
        ("time", "hour", "at"),
        "At what time?",
        lambda rng, _: clock(rng),
        (
            "Be there at @.",
            "It starts at @.",
            "The train leaves at @.",
            "I get up at @.",
            "They close at @.",
            "He rang at @.",
        ),
    ),
    Fact(
        ("price", "amount", "sum", "cost", "total"),
        "How much money is it?",
        lambda rng, _: amount(rng),
        ("It cost @.", "I paid @.", "The price is @.", "They want @.", "You owe me @.", "The total comes to @."),
    ),
    Fact(
        ("code", "number", "reference", "order_id", "id", "ref"),
        "What is the number?",
        code,
        (
            "The number is @.",
            "My reference is @.",
            "See case @.",
            "The code on it is @.",
            "It is about order @.",
            "Look for @ in your files.",
        ),
    ),
    Fact(
        ("email", "mail", "contact", "reply_to"),
        "What is the email address?",
        _mail,
        ("Write to @.", "My mail is @.", "You reach me at @.", "Send it to @ please.", "Reply to @."),
    ),
    Fact(
        ("item", "product", "thing", "object", "goods"),
        "Which thing is it about?",
        _from("furniture", "tool", "kitchen", "device", "toy", "clothing"),
        (
            "I would like a @.",
            "It is about a @.",
            "The @ is here.",
            "She bought a @.",
            "My @ is gone.",
            "Is the @ ready?",
            "We need one more @.",
        ),
    ),
    Fact(
        ("colour", "shade", "paint"),
        "Which colour is it?",
        _from("colour"),
        ("It should be @.", "I want it in @.", "The colour is @.", "They painted it @.", "It is @ all over."),
    ),
    Fact(
        ("job", "profession", "work"),
        "What is the job?",
        _from("job"),
        ("I work as a @.", "She is a @.", "He wants to be a @.", "We look for a @.", "I was a @ for years."),
    ),
    Fact(
        ("animal", "pet", "beast"),
        "Which animal is it?",
        _from("animal", "bird"),
        ("I have a @.", "There was a @ in the garden.", "The @ ran away.", "She feeds the @.", "Look at that @!"),
    ),
    Fact(
        ("food", "meal", "dish", "fruit"),
        "What is eaten?",
        _from("food", "fruit", "vegetable"),
        ("We had @ for dinner.", "I ate @.", "He likes @ best.", "There is no @ left.", "Please bring @."),
    ),
    Fact(
        ("count", "people", "quantity", "how_many"),
        "How many are they?",
        lambda rng, _: str(rng.randrange(2, 100)),
        ("We are @ people.", "There were @ of them.", "I need @ of these.", "@ came.", "I counted @."),
    ),
    Fact(
        ("plan", "service", "kind"),
        "What was bought?",
        lambda rng, _: rng.choice(PLANS),
        ("I took out a @.", "It is for the @.", "We paid for a @.", "They changed my @."),
    ),
    Fact(
        ("feeling", "mood", "emotion"),
        "How does the writer feel?",
        _from("feeling"),
        ("I am so @.", "I feel @ today.", "It makes me @.", "She looked @."),
    ),
)
