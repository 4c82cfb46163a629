"""A little talk, and what words mean: synonyms, opposites, kinds, days, months, whether two texts agree."""

from collections.abc import Callable
from random import Random

from ftworkbench.demo.corpus.bank import Bank, bank
from ftworkbench.demo.corpus.dialogue import Dialogue, Pair, Task, ask, from_pairs
from ftworkbench.demo.corpus.message import compose, fill, topic_sentence
from ftworkbench.demo.corpus.noise import typed
from ftworkbench.demo.corpus.phrases import DAYS, FAREWELLS, MONTHS

TALK: tuple[tuple[tuple[str, ...], str], ...] = (
    (("Hello", "Hi", "Hey there", "Good morning", "hi!", "Good day"), "Hello! How can I help you?"),
    (
        ("Who are you?", "What are you?", "What is your name?", "Tell me about yourself."),
        "I am a pocket model, a small language model. "
        "I can sort messages, find fields, and do small things with words.",
    ),
    (("How are you?", "How do you do?", "Are you well?", "How is it going?"), "I am well, thank you. And you?"),
    (("Thanks", "Thank you!", "Thanks a lot", "Cheers", "That helped, thank you."), "You are welcome!"),
    (("Bye", "Goodbye", "See you", "Good night", "I have to go now."), "Goodbye! Have a nice day."),
    (
        ("What can you do?", "How can you help me?", "What are you good at?"),
        "I can label texts, answer in JSON, copy, sort and count words, and do short sums.",
    ),
    (("Tell me a joke.", "Make me laugh."), "Why did the computer sneeze? It had a virus."),
    (("You are great.", "I like you.", "Well done!"), "Thank you, that is kind of you."),
    (("You are wrong.", "That is not right.", "This is a mistake."), "I am sorry. Please tell me what is wrong."),
    (("I am sad.", "I had a bad day.", "I feel miserable."), "I am sorry to hear that. I hope that it gets better."),
    (("Are you a person?", "Are you human?", "Are you a robot?"), "No, I am a small computer program."),
    (("Can you see me?", "Do you have eyes?"), "No, I can only read text."),
)


def talk(rng: Random, source: Bank) -> Dialogue:
    """A line or two of small talk, sometimes under a system message."""
    pairs: list[Pair] = []
    for _ in range(rng.choice((1, 1, 2))):
        said, answer = rng.choice(TALK)
        pairs.append((typed(rng, rng.choice(said)), answer))
    system = rng.choice(("", "", "You are a helpful assistant.", "You are friendly and brief.", "Answer briefly."))
    return from_pairs(rng, Task(system, lambda: pairs[-1], "chat", "exact_match", 1.0), pairs)


def _synonym(rng: Random) -> Pair:
    group = rng.choice(bank("seen").synonyms)
    word = rng.choice(group)
    return word, next(other for other in group if other != word)


def _opposite(rng: Random) -> Pair:
    first, second = rng.choice(bank("seen").opposites)
    return first, second


def _next_day(rng: Random) -> Pair:
    place = rng.randrange(7)
    return DAYS[place], DAYS[(place + 1) % 7]


def _next_month(rng: Random) -> Pair:
    place = rng.randrange(12)
    return MONTHS[place], MONTHS[(place + 1) % 12]


QUESTIONS: tuple[tuple[tuple[str, ...], Callable[[Random], Pair]], ...] = (
    (("Give another word for it.", "Which word means the same?", "Synonym?", "Say it in other words."), _synonym),
    (("What is the opposite?", "Opposite of this word?", "Give the opposite.", "Name the contrary."), _opposite),
    (("Which day comes next?", "What day is the day after?", "The next day?", "Name the day that follows."), _next_day),
    (
        ("Which month comes next?", "Month after this one?", "The next month?", "Name the month that follows."),
        _next_month,
    ),
)


def meanings(rng: Random, source: Bank) -> Dialogue:
    """What a word means, by another word."""
    asked, draw = rng.choice(QUESTIONS)
    instruction = asked[-1] if source.prompts == "held_out" else rng.choice(asked[:-1])
    return ask(rng, Task(instruction, lambda: draw(rng), "meaning", "exact_match", 0.3), rng.choice((0, 0, 1, 2)))


def kinds(rng: Random, source: Bank) -> Dialogue:
    """What kind of thing a word is, or which of some words is of a kind."""
    known = bank("seen").kinds
    usable = list(known)
    if rng.random() < 0.4:

        def named() -> Pair:
            kind = rng.choice(usable)
            return rng.choice(known[kind]), kind.replace("_", " ")

        asked = (
            "What kind of thing is it?",
            "What is this?",
            "Name the kind of thing.",
            "Say what sort of thing it is.",
        )
        instruction = asked[-1] if source.prompts == "held_out" else rng.choice(asked[:-1])
        return ask(rng, Task(instruction, named, "meaning", "exact_match", 0.3), rng.choice((0, 1, 2, 3)))
    wanted = rng.choice(usable)

    def picked() -> Pair:
        others = rng.sample([kind for kind in usable if kind != wanted], rng.randint(1, 4))
        right = rng.choice(known[wanted])
        words = [rng.choice(known[kind]) for kind in others]
        words = [word for word in words if word not in known[wanted]] + [right]
        return ", ".join(rng.sample(words, len(words))), right

    asked = (
        "Which of these is a {k}?",
        "Find the {k}.",
        "One of these is of the kind {k}. Which?",
        "Pick out the {k}.",
    )
    template = asked[-1] if source.prompts == "held_out" else rng.choice(asked[:-1])
    task = Task(template.format(k=wanted.replace("_", " ")), picked, "meaning", "exact_match", 0.3)
    return ask(rng, task, rng.choice((0, 0, 1, 2)))


def same_topic(rng: Random, source: Bank) -> Dialogue:
    """Whether two messages are about the same thing: yes or no."""

    def pair() -> Pair:
        first = rng.choice(source.topics)
        same = rng.random() < 0.5
        second = first if same else rng.choice([topic for topic in source.topics if topic.group != first.group])
        texts = [compose(rng, source, [topic_sentence(rng, source, topic)], (), 0.1) for topic in (first, second)]
        return f"1: {texts[0]}\n2: {texts[1]}", "yes" if same else "no"

    asked = (
        "Are the two about the same thing? yes or no",
        "Same topic? Answer yes or no.",
        "Do both messages speak of one matter, yes or no?",
    )
    instruction = asked[-1] if source.prompts == "held_out" else rng.choice(asked[:-1])
    return ask(rng, Task(instruction, pair, "compare", "exact_match", 0.5), rng.choice((0, 1, 2)))


def who_and_where(rng: Random, source: Bank) -> Dialogue:
    """A person asks for a reply to a message; a short stock answer that repeats what it is about."""
    topic = rng.choice(source.topics)
    text = compose(rng, source, [topic_sentence(rng, source, topic)])
    if rng.random() < 0.3:
        text += f"\n{fill(rng, source, rng.choice(FAREWELLS))}"
    answer = f"Thank you for your message about {topic.names[0]}. We will look into it."
    asked = rng.choice(("Write a short reply.", "Answer the customer.", "Reply politely.", "Draft an answer."))
    return ask(rng, Task(asked, lambda: (text, answer), "chat", "exact_match", 0.7))
