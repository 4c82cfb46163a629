"""The tables that are in no library's configuration: method, data, contestants, measures, place."""

from __future__ import annotations

from dataclasses import dataclass

from ftworkbench.recipe.declare import option
from ftworkbench.recipe.metric_names import METRIC_NAMES, metric_problem
from ftworkbench.recipe.suite_names import suite_problem

HUB = "hf:"  # so begins the name of a dataset of the hub, where a file could be named
FORMAT_NAMES = (
    "openai-chat",
    "sharegpt",
    "alpaca",
    "prompt-completion",
    "question-answer",
    "columns",
    "preference",
    "unpaired-preference",
    "text",
    "raw-text",
)


@dataclass(frozen=True, kw_only=True)
class Method:
    """What is trained, and how, where no library has an option for it."""

    objective: str = option(
        "sft",
        help="What is learned from the rows: sft learns to give their answers.",
        choices=("sft",),
    )
    adapter: str = option(
        "lora",
        help="The kind of adapter; its table of the same name configures it.",
        why="lora learns most. ia3 trains a hundredth of its numbers, and wants a learning rate ten times as high.",
        choices=("lora", "ia3"),
        common=True,
    )
    loraplus_lr_ratio: float | None = option(
        None,
        help="LoRA+: the B matrices learn so many times faster than the A matrices.",
        why="16 is the paper's; lower the learning rate with it.",
        low=1,
    )
    early_stopping_patience: int | None = option(
        None,
        help="Stop when the validation loss has not improved for so many evaluations.",
        unit="evaluations",
        low=1,
        common=True,
    )
    early_stopping_threshold: float = option(
        0.0,
        help="How much lower the validation loss must be to count as an improvement.",
        low=0,
    )
    samples: int = option(
        3,
        help="Held-out prompts that are answered at each evaluation, so that one sees it learn.",
        unit="prompts",
        low=0,
        high=50,
    )
    fused_lora: bool = option(
        True,
        help="Compute LoRA layers in one step where they have no dropout, no DoRA, and a base that is whole or 4-bit.",
        why="The same numbers but for rounding, a quarter faster on a GPU, and less memory. false leaves it to PEFT.",
    )
    liger_kernels: bool | None = option(
        None,
        help="Liger's fused kernels for norms, rotary places and gated layers, on a GPU; pip install liger-kernel.",
        why="A fifth faster, with a fifth less memory, and the same numbers but for rounding.",
    )
    row_losses: bool = option(
        True,
        help="Measure the loss of every training row before and after; two forward passes.",
        why="A row whose loss stays high is one to read again. Not done for more than 20,000 rows.",
    )


@dataclass(frozen=True, kw_only=True)
class Data:
    """The rows, and which of them train, validate and test."""

    train: str = option(
        help="The examples, relative to the recipe: a JSONL, JSON, CSV, Parquet or text file, or a folder of them; "
        "or a dataset of the hub, hf:ORG/NAME, with /CONFIG, @REVISION and :SPLIT where they matter.",
        common=True,
    )
    validation: str | None = option(
        None,
        help="A file or hf:ORG/NAME:SPLIT of its own for validation; else validation_fraction of train.",
        common=True,
    )
    test: str | None = option(
        None,
        help="A file or hf:ORG/NAME:SPLIT of its own for the test; else test_fraction of train.",
        why="The test rows decide the verdict, and nothing else ever looks at them.",
        common=True,
    )
    validation_fraction: float = option(
        0.1,
        help="Share of train that is kept for the validation loss and for choosing the best prompt.",
        low=0,
        high=1,
        open_ends="high",
        common=True,
    )
    test_fraction: float = option(
        0.2,
        help="Share of train that is kept for the final test.",
        why="With fewer than about 100 test rows only a large gain can be told from luck.",
        low=0,
        high=1,
        open_ends="high",
        common=True,
    )
    format: str | None = option(
        None,
        help="The format of the rows; found by looking at them where it is left out. text is `input ### answer`; "
        "raw-text is learned as it stands, a line or a text column at a time.",
        choices=FORMAT_NAMES,
    )
    prompt_column: str | None = option(
        None,
        help="The column that holds the prompt, where the rows are not chats.",
        common=True,
    )
    answer_column: str | None = option(
        None,
        help="The column that holds the answer, where the rows are not chats.",
        common=True,
    )
    label: str | None = option(
        None,
        help="The key of a JSON answer that is its label; left out, the whole answer is.",
        why="The split keeps the share of each label, and few-shot examples are balanced over them.",
    )
    seed: int = option(
        42,
        help="Seed of the split, of limit and of evaluate.limit.",
        low=0,
        high=2**32 - 1,
    )
    limit: int | None = option(
        None,
        help="Use at most so many rows of train, drawn by seed.",
        unit="rows",
        low=1,
    )


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """What is measured, and the rule for the verdict."""

    metric: str | None = option(
        None,
        help="The metric that decides; left out, it is chosen from the answers. Also 'regex:PATTERN', "
        "'json_schema:FILE' with a file of the workspace, and 'FILE.py:FUNCTION' for a Python function of your own.",
        why="A function takes answer and reference, or also the row, and gives 0 to 1. A pattern with a group compares "
        "what the group finds in answer and reference; without one it has to be found in the answer.",
        choices=METRIC_NAMES,
        check=metric_problem,
        common=True,
    )
    metrics: tuple[str, ...] = option(
        (),
        help="Further metrics to report, each written as metric is.",
        choices=METRIC_NAMES,
        check=metric_problem,
    )
    rule: str = option(
        "metric",
        help="What has to be better: the deciding metric; any of them, p-values adjusted after Holm; or all of them.",
        why="One metric that was named before is the plainest rule, and finds a gain with the fewest rows.",
        choices=("metric", "any", "all"),
    )
    alpha: float = option(
        0.05,
        help="The verdict is better only where luck alone would do as well with less than this probability.",
        low=0,
        high=1,
        open_ends="both",
        common=True,
    )
    min_effect: float = option(
        0.05,
        help="The least gain that is worth a tuned model, as a share: 0.05 is 5 points.",
        why="Where that much may still hide in the luck of too few rows, the verdict is: not enough data.",
        unit="share",
        low=0,
        high=1,
        open_ends="both",
    )
    power: float = option(
        0.8,
        help="How surely a gain should be found: for the number of test rows that would tell.",
        why="0.8 is the usual choice; 0.9 asks for a third more rows.",
        unit="probability",
        low=0.5,
        high=1,
        open_ends="high",
    )
    max_new_tokens: int = option(
        128,
        help="The longest answer that is generated.",
        why="Answers that reach it are cut off and mostly wrong: leave room for the longest reference.",
        unit="tokens",
        low=1,
        common=True,
    )
    batch_size: int = option(
        32,
        help="Prompts that are answered at once.",
        unit="rows",
        low=1,
    )
    limit: int | None = option(
        None,
        help="Test at most so many rows, drawn by data.seed.",
        unit="rows",
        low=1,
    )
    serving_rows: int | None = option(
        None,
        help="Test rows on which base, adapter, merged and prompted are served in turns, one prompt at a time: time to "
        "the first token, tokens/s, and on a GPU peak memory. 0 leaves it out; left out, 6 on a CPU and 24 on a GPU.",
        why="Each row costs 64 tokens at batch 1, on a GPU 256: 6 take 5 s with the pocket model on two cores. More "
        "narrow the intervals. Under [quantization] the whole weights, which a merge ships, are read besides.",
        unit="rows",
        low=0,
    )
    regression: tuple[str, ...] = option(
        (),
        help="Files with questions on other skills, asked before and after: FILE, or FILE:METRIC where the metric is "
        "not to be chosen from the answers, as sums.jsonl:number_match.",
        why="Tuning can break what the model could do before. lm-eval:TASK, or lm-eval:TASK:METRIC as "
        "lm-eval:arc_easy:acc_norm, is a task of lm-evaluation-harness or of your own: [harness] says how it is asked.",
        check=suite_problem,
        common=True,
    )
    regression_margin: float = option(
        0.05,
        help="A loss of up to this share on a regression suite is still acceptable.",
        why="held is said where a greater loss is ruled out: with 5 points that takes 73 rows or more.",
        unit="share",
        low=0,
        high=1,
    )


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Where it runs."""

    device: str = option(
        "auto",
        help="auto takes the GPU where there is one.",
        choices=("auto", "cpu", "cuda"),
        common=True,
    )
    queue: bool = option(
        True,
        help="Wait for the device while another job has it.",
    )
    offline: bool = option(
        False,
        help="Never ask the hub: the model has to be on this machine.",
        why="What lies in the hub's local cache is used without asking anyway.",
    )
    threads: int | None = option(
        None,
        help="CPU threads; left out, one for each core.",
        unit="threads",
        low=1,
    )
    memory_retries: int = option(
        3,
        help="Out of memory, go on from the last checkpoint with half the micro-batch and twice the accumulation, "
        "at most so often.",
        unit="times",
        low=0,
        high=10,
    )
    notify: tuple[str, ...] = option(
        (),
        help="A command that is run when a job ends, a list of its words; {job}, {kind}, {phase} and {why} stand for "
        "what became of it.",
    )
    cost_per_hour: float | None = option(
        None,
        help="What an hour of this machine costs, in your own currency; the history then says what a run did.",
        low=0,
    )
