"""Short sums, comparisons, sequences, and small stories with numbers in them."""

from random import Random

from ftworkbench.demo.corpus.bank import Bank
from ftworkbench.demo.corpus.dialogue import Dialogue, Pair, Task, ask

PLAIN = ("", "Calculate.", "What is the result?", "Work it out.", "Answer with a number.", "Solve:", "Compute this.")
PLAIN_HELD_OUT = ("Give the value.", "Do the sum.")
WORDS = {"+": ("plus", "and"), "-": ("minus", "less"), "*": ("times", "times"), "/": ("divided by", "over")}


def _operands(rng: Random, sign: str) -> tuple[int, int, int]:
    if sign == "+":
        most = rng.choice((10, 20, 100, 100, 1000))
        first, second = rng.randrange(most), rng.randrange(most)
        return first, second, first + second
    if sign == "-":
        most = rng.choice((10, 20, 100, 100, 1000))
        second, first = sorted((rng.randrange(most), rng.randrange(most)))
        return first, second, first - second
    first, second = rng.randrange(1, 13), rng.randrange(1, 11)
    return (first, second, first * second) if sign == "*" else (first * second, second, first)


def sums(rng: Random, source: Bank) -> Task:
    """Two numbers and a sign, in digits or partly in words."""
    form = rng.choice(
        ("{a} {s} {b}", "{a}{s}{b}", "{a} {s} {b} =", "What is {a} {s} {b}?", "{a} {w} {b}", "How much is {a} {w} {b}?")
    )
    signs = rng.choice(("+", "-", "*", "/", "+-", "+-*/"))

    def draw() -> Pair:
        sign = rng.choice(signs)
        first, second, result = _operands(rng, sign)
        return form.format(a=first, b=second, s=sign, w=WORDS[sign][0]), str(result)

    plain = PLAIN_HELD_OUT if source.prompts == "held_out" else PLAIN
    return Task(rng.choice(plain), draw, "arithmetic", "exact_match", 0.4)


def stories(rng: Random, source: Bank) -> Task:
    """A small story that comes to a sum."""
    templates = (
        ("{n} has {a} {t}s and gets {b} more. How many {t}s has {n} now?", "+"),
        ("There are {a} {t}s in one box and {b} in another. How many in all?", "+"),
        ("{n} buys {a} {t}s and then {b} more. What is the total?", "+"),
        ("{n} has {a} {t}s and gives away {b}. How many are left?", "-"),
        ("There were {a} {t}s. {b} are gone. How many remain?", "-"),
        ("{n} fills {a} bags with {b} {t}s each. How many {t}s are that?", "*"),
        ("One {t} costs {b} euros. What do {a} cost?", "*"),
        ("{a} {t}s are shared by {b} children. How many for each?", "/"),
    )

    def draw() -> Pair:
        template, sign = rng.choice(templates)
        first, second, result = _operands(rng, sign)
        name, thing = rng.choice(source.kinds["given_name"]), rng.choice(source.kinds["fruit"] + source.kinds["tool"])
        return template.format(n=name, a=first, b=second, t=thing), str(result)

    plain = PLAIN_HELD_OUT if source.prompts == "held_out" else PLAIN
    return Task(rng.choice(plain), draw, "arithmetic", "exact_match", 0.3)


def sequences(rng: Random, source: Bank) -> Task:
    """The next number, the larger of two, the double or the half."""
    kind = rng.randrange(5)
    held_out = source.prompts == "held_out"
    asked = (
        ("Which number comes next?", "Continue the row by one number.", "Name the next number."),
        ("Which is larger?", "Give the bigger number.", "Name the greater one."),
        ("Double it.", "Two times this number?", "Give twice the number."),
        ("Halve it.", "What is half of this?", "Give one half of the number."),
        ("Add one.", "What comes after this number?", "Give the number plus one."),
    )[kind]

    def draw() -> Pair:
        start, step = rng.randrange(1, 60), rng.choice((1, 2, 2, 3, 5, 10))
        if kind == 0:
            return ", ".join(str(start + step * place) for place in range(4)), str(start + step * 4)
        if kind == 1:
            first, second = rng.sample(range(1000), 2)
            return f"{first} or {second}", str(max(first, second))
        if kind == 4:
            start = rng.randrange(1000)
            return str(start), str(start + 1)
        return (str(start), str(start * 2)) if kind == 2 else (str(start * 2), str(start))

    return Task(asked[-1] if held_out else rng.choice(asked[:-1]), draw, "arithmetic", "exact_match", 0.4)


def arithmetic(rng: Random, source: Bank) -> Dialogue:
    """Any of these, zero-shot or with up to three examples."""
    make = rng.choices((sums, stories, sequences), (60, 20, 20))[0]
    return ask(rng, make(rng, source), rng.choice((0, 0, 0, 1, 2, 3)))
