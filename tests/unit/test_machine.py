"""Which cards a process may use, and in which queue each of them is waited for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ftworkbench.machine import Card, Machine, read_cards, this_machine, visible_cards

SAID = """\
0, GPU-aa11, NVIDIA H100 80GB HBM3, 81559, 9.0
1, GPU-aa22, NVIDIA H100 80GB HBM3, 81559, 9.0
2, GPU-bb33, NVIDIA L4, with a comma, 23034, 8.9
"""
SMI = f"#!{sys.executable}\nprint({SAID!r}, end='')\n"


def test_cards_are_read_with_their_index_and_name() -> None:
    first, _, last = read_cards(SAID)
    assert (first.name, first.memory, first.capability) == ("NVIDIA H100 80GB HBM3", 81559 * 2**20, (9, 0))
    assert (last.name, last.index, last.uuid, last.device) == ("NVIDIA L4, with a comma", 2, "GPU-bb33", "cuda-2")


@pytest.mark.parametrize(
    ("visible", "devices"),
    [
        (None, ["cuda-0", "cuda-1", "cuda-2"]),
        ("", []),
        ("-1", []),
        ("2", ["cuda-2"]),
        (" 2 , 0", ["cuda-2", "cuda-0"]),
        ("1,7,0", ["cuda-1"]),
        ("1,1", ["cuda-1"]),
        ("GPU-bb33,GPU-aa11", ["cuda-2", "cuda-0"]),
        ("GPU-bb", ["cuda-2"]),
        ("GPU-aa", []),  # two are called so
        ("MIG-aa", []),
    ],
)
def test_the_visible_cards_are_those_that_cuda_sees(visible: str | None, devices: list[str]) -> None:
    assert [card.device for card in visible_cards(read_cards(SAID), visible)] == devices


def test_a_machine_is_looked_at_with_the_cards_that_the_environment_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia-smi").write_text(SMI)
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    this_machine.cache_clear()
    try:
        machine = this_machine()
    finally:
        this_machine.cache_clear()
    assert machine.card is not None
    assert (machine.card.device, machine.card.visible) == ("cuda-2", "GPU-bb33")


def test_a_card_without_a_uuid_is_named_by_its_index() -> None:
    assert Card("old", 2**30, (7, 0), 3).visible == "3"
    assert Machine(2, 2**33).card is None
