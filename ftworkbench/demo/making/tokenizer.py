"""The pocket model's tokenizer: byte-level BPE with single digits, and the chat template."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from ftworkbench.demo.corpus.bank import bank
from ftworkbench.demo.corpus.dialogue import Dialogue
from ftworkbench.demo.corpus.mix import dialogue

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCABULARY = 4096
CONTEXT = 1024
PAD, END, SYSTEM, USER, ASSISTANT = SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
ROLE_TOKENS = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}
TEMPLATE = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8").strip()


def sample_texts(count: int, seed: int) -> Iterator[str]:
    """The turns of so many dialogues, to learn merges from."""
    rng, source = Random(seed), bank("seen")
    for _ in range(count):
        for _, text in dialogue(rng, source).turns:
            yield text


def trained(texts: Iterable[str]) -> "Tokenizer":
    """A tokenizer whose merges were learnt from the texts."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\d| ?[^\s\d\w]+| ?[^\W\d]+|\s+(?!\S)|\s"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save(tokenizer: "Tokenizer", folder: Path) -> None:
    """Writes tokenizer.json, tokenizer_config.json and chat_template.jinja as Hugging Face has them."""
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[SYSTEM, USER, ASSISTANT],
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=TEMPLATE,
    ).save_pretrained(str(folder))


def special_id(tokenizer: "Tokenizer", token: str) -> int:
    """The id of one of the special tokens."""
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no {token}")
    return found


def encode(tokenizer: "Tokenizer", dialogues: list[Dialogue]) -> list[tuple[list[int], list[int]]]:
    """Token ids of each dialogue, as the chat template writes it, and for each token 1 where it is an answer's."""
    texts = [text for one in dialogues for _, text in one.turns]
    encoded = iter(tokenizer.encode_batch_fast(texts, add_special_tokens=False))
    end = special_id(tokenizer, END)
    role_ids = {role: special_id(tokenizer, token) for role, token in ROLE_TOKENS.items()}
    rows = []
    for one in dialogues:
        ids: list[int] = []
        answers: list[int] = []
        for role, _ in one.turns:
            body = [*next(encoded).ids, end]
            ids += [role_ids[role], *body]
            answers += [0, *([int(role == "assistant")] * len(body))]
        rows.append((ids, answers))
    return rows
