"""What cards can do, by name, and what this machine has."""

from __future__ import annotations

import difflib
import re
import textwrap
from dataclasses import dataclass, replace

from ftworkbench import machine as machines
from ftworkbench.errors import InputError
from ftworkbench.machine import Machine
from ftworkbench.printable import one_line

_GIB = 2**30
# float32 GFLOP/s of LoRA training on one core: the pocket model does 2,150 tokens/s on two, 34 MFLOP each,
# and half as many of padding.
_CORE_GFLOPS = 55.0
_CORE_BANDWIDTH = 0.02


@dataclass(frozen=True)
class Card:
    """`memory` in GiB; `tflops` dense, in bfloat16 (float16 before Ampere); `bandwidth` in TB/s."""

    name: str
    memory: float
    tflops: float | None
    bandwidth: float | None
    capability: tuple[int, int] = (0, 0)
    is_cpu: bool = False


# Vendors' data sheets, without sparsity; memory as nvidia-smi reports it. Where a large matrix product is
# known not to reach the nominal TFLOP/s, what it reaches: an H200's 989 are 790, its relatives scaled alike.
_KNOWN = (
    Card("B200", 179, 1800, 8.0, (10, 0)),
    Card("H200", 140, 790, 4.8, (9, 0)),
    Card("H100", 80, 790, 3.35, (9, 0)),
    Card("H100 NVL", 93, 660, 3.9, (9, 0)),
    Card("H100 PCIe", 80, 600, 2.0, (9, 0)),
    Card("A100 80GB", 80, 270, 2.0, (8, 0)),
    Card("A100 40GB", 40, 270, 1.56, (8, 0)),
    Card("L40S", 45, 290, 0.86, (8, 9)),
    Card("L4", 22, 100, 0.3, (8, 9)),
    Card("A40", 45, 130, 0.7, (8, 6)),
    Card("A10", 22, 100, 0.6, (8, 6)),
    Card("A6000", 48, 130, 0.77, (8, 6)),
    Card("RTX 5090", 31.8, 190, 1.79, (12, 0)),
    Card("RTX 4090", 24, 150, 1.0, (8, 9)),
    Card("RTX 4080", 16, 90, 0.72, (8, 9)),
    Card("RTX 4070", 12, 54, 0.5, (8, 9)),
    Card("RTX 4070 Ti", 12, 73, 0.5, (8, 9)),
    Card("RTX 4060 Ti", 16, 40, 0.29, (8, 9)),
    Card("RTX 4060", 8, 27, 0.27, (8, 9)),
    Card("RTX 3090", 24, 66, 0.94, (8, 6)),
    Card("RTX 3080", 10, 55, 0.76, (8, 6)),
    Card("RTX 3070", 8, 37, 0.45, (8, 6)),
    Card("RTX 3060", 12, 24, 0.36, (8, 6)),
    Card("RTX 2080 Ti", 11, 50, 0.62, (7, 5)),
    Card("V100", 32, 105, 0.9, (7, 0)),
    Card("T4", 15, 50, 0.32, (7, 5)),
)
# Words that make another card of the same number; `PCIe` and the like do not, where it is not in the list above.
_MODELS = frozenset({"ti", "super", "max", "laptop", "mobile", "d", "nvl"})
_LAPTOPS = frozenset({"laptop", "mobile", "max"})
_SEVERAL = re.compile(
    r"^\s*(?:(?:[2-9]|\d\d)(?:\s*[x×*]|\s)|(?:two|three|four|five|six|seven|eight|dual)\b)"
    r"|(?<![a-z])[x×*]\s*(?:[2-9]|\d\d)\s*$",
    re.IGNORECASE,
)
_SIZE = re.compile(r"\b(\d{1,3}) ?g(?:i?b)?\b")
_BARE_SIZE = re.compile(r"(?<=\d )(\d{2,3})$")
# A maker's gigabytes may be so much more than nvidia-smi's GiB.
_LESS = 0.91
CARDS: dict[str, Card] = {card.name: card for card in _KNOWN}


def find_card(name: str | None, machine: Machine) -> Card:
    """The card of that name (case and the maker's name do not matter), or this machine's, or its CPU.

    A size in the name counts: `RTX 3060 8GB` has 8. Raises InputError for a card that is not known, with the nearest
    name where the number is about the same, and for several cards.
    """
    if name is None:
        return _own_card(machine.card) if machine.card is not None else _cpu(machine)
    if _SEVERAL.search(name):
        raise InputError(f"{one_line(name, 40)}: one run uses one card; name one, as in `A100 40GB`")
    if _plain(name)[0] == "cpu":
        return _cpu(machine)
    found = _known(name)
    if found is None:
        raise InputError(f"{one_line(name, 40)}: is not a card that is known here; {_hint(name)}")
    size = _plain(name)[1]
    if size is None or _LESS * size <= found.memory <= size:
        return found
    return replace(found, name=f"{_UNSIZED[found.name]} {size}GB", memory=size)


def _hint(name: str) -> str:
    words = _words(name)
    if words & _LAPTOPS:
        return f"a laptop's is not the card of the same number; those are\n{_listed()}"
    near = {_plain(card)[0]: card for card in CARDS if _words(card) & _MODELS == words & _MODELS}
    for close in difflib.get_close_matches(_plain(name)[0], near, 3):
        numbers, wanted = _numbers(_words(near[close])), _numbers(words)
        if any(one.startswith(other) or other.startswith(one) for one in numbers for other in wanted):
            return f"did you mean {near[close]}?"
    return f"those are\n{_listed()}"


def _listed() -> str:
    return textwrap.fill(", ".join(CARDS), 96, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _numbers(words: frozenset[str]) -> list[str]:
    return [word for word in words if re.search(r"\d", word)]


def machine_with(card: Card, machine: Machine) -> Machine:
    """This machine as it would be with `card` in it: what to resolve a recipe for when it is to run there."""
    if card.is_cpu:
        return replace(machine, cards=())
    return replace(machine, cards=(machines.Card(card.name, round(card.memory * _GIB), card.capability),))


def _own_card(card: machines.Card) -> Card:
    known = _known(card.name)
    memory = card.memory / _GIB
    if known is None:
        return Card(card.name, memory, None, None, card.capability)
    return replace(known, name=card.name, memory=memory, capability=card.capability)


def _cpu(machine: Machine) -> Card:
    name = f"CPU, {machine.cores} core{'' if machine.cores == 1 else 's'}"
    tflops = machine.cores * _CORE_GFLOPS / 1000
    return Card(name, machine.memory / _GIB, tflops, machine.cores * _CORE_BANDWIDTH, is_cpu=True)


def _known(name: str) -> Card | None:
    """The known card whose words all occur in `name`, the one with most words: `NVIDIA A100-SXM4-80GB`.

    Another model is another card, however near its name: a 4070 Ti is no 4070. Of those that differ in size alone, the
    one of the size that is said, else the smallest: what fits there fits them all.
    """
    words, size = _words(name), _plain(name)[1]
    fitting = [card for card in _KNOWN if _words(card.name) <= words and not (words - _words(card.name)) & _MODELS]
    most = max((len(_words(card.name)) for card in fitting), default=0)
    fitting = [card for card in fitting if len(_words(card.name)) == most]
    return min(fitting, key=lambda card: card.memory if size is None else abs(card.memory - size), default=None)


def _plain(name: str) -> tuple[str, int | None]:
    """The name in small words, without maker and size; and the size in GB, if it says one."""
    text = re.sub(r"\b(nvidia|geforce|tesla)\b", " ", name.lower())
    text = re.sub(r"\b(rtx|gtx)(?=\d)", r"\1 ", re.sub(r"(?<=\d{4})(?=(ti|super)\b)", " ", text))
    text = re.sub(r"(?<=\d{4})m\b", " mobile", text)
    text = " ".join(re.findall(r"[a-z0-9]+", text))
    found = _SIZE.search(text) or _BARE_SIZE.search(text)
    if found:
        text = " ".join((text[: found.start()] + text[found.end() :]).split())
    if re.match(r"\d{4}\b", text):
        text = f"rtx {text}"  # a number of four digits alone is one of theirs
    return text, int(found[1]) if found else None


def _words(name: str) -> frozenset[str]:
    return frozenset(_plain(name)[0].split())


_UNSIZED = {card.name: re.sub(r" \d+GB$", "", card.name) for card in _KNOWN}
