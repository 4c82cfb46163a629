"""The recipe as typed, frozen tables: what a run is."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftworkbench.recipe.check_table import Check
from ftworkbench.recipe.harness_table import Harness
from ftworkbench.recipe.judge_table import Judge
from ftworkbench.recipe.metric_names import METRIC_NAMES
from ftworkbench.recipe.model_tables import Ia3, Lora, Model, Quantization
from ftworkbench.recipe.own_tables import Data, Evaluate, Launch, Method
from ftworkbench.recipe.prompt_table import ContestantLine, Prompt
from ftworkbench.recipe.ragas_table import Ragas
from ftworkbench.recipe.train_table import Train

__all__ = [
    "METRIC_NAMES",
    "TABLES",
    "Check",
    "ContestantLine",
    "Data",
    "Evaluate",
    "Harness",
    "Ia3",
    "Judge",
    "Launch",
    "Lora",
    "Method",
    "Model",
    "Prompt",
    "Quantization",
    "Ragas",
    "Recipe",
    "Table",
    "Train",
]

Table = (
    Model | Quantization | Lora | Ia3 | Train | Method | Data | Check | Prompt | Evaluate | Harness | Judge
    | Ragas | Launch
)  # fmt: skip

TABLES: dict[str, type[Table]] = {
    "model": Model,
    "quantization": Quantization,
    "lora": Lora,
    "ia3": Ia3,
    "train": Train,
    "method": Method,
    "data": Data,
    "check": Check,
    "prompt": Prompt,
    "evaluate": Evaluate,
    "harness": Harness,
    "judge": Judge,
    "ragas": Ragas,
    "launch": Launch,
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All of a run. `name` is the file's, without `.toml`. A field that is None was left out.

    Left out means the library's own default, or what `resolve` chooses for the machine. `model`,
    `quantization`, `lora`, `ia3` and `train` have an `extra`: the library's options that are not typed here.
    """

    name: str
    model: Model
    data: Data
    quantization: Quantization = field(default_factory=Quantization)
    lora: Lora = field(default_factory=Lora)
    ia3: Ia3 = field(default_factory=Ia3)
    train: Train = field(default_factory=Train)
    method: Method = field(default_factory=Method)
    check: Check = field(default_factory=Check)
    prompt: Prompt = field(default_factory=Prompt)
    evaluate: Evaluate = field(default_factory=Evaluate)
    harness: Harness = field(default_factory=Harness)
    judge: Judge = field(default_factory=Judge)
    ragas: Ragas = field(default_factory=Ragas)
    launch: Launch = field(default_factory=Launch)

    @property
    def start(self) -> str:
        """How the adapter begins, in small letters; empty where that is PEFT's own way, or there is no LoRA."""
        return (self.lora.init_lora_weights or "").lower() if self.method.adapter == "lora" else ""

    @property
    def out_of_base(self) -> bool:
        """Whether the adapter is taken out of the base's own weights, which are others while it is trained."""
        return self.start.startswith(("pissa", "olora"))
