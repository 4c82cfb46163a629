"""`compare JOB [--prompt TEXT]`: baseline and tuned, or prompts alone, answer the same prompt side by side."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ftworkbench.commands.arguments import add_job, add_json, add_prompts
from ftworkbench.commands.bars import bars
from ftworkbench.commands.columns import column_width, columns, wrapped
from ftworkbench.commands.show import emit, say, tell
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.steps.compare import Answered, compare
from ftworkbench.steps.contenders import Contest, contest_of, prompt_contest
from ftworkbench.steps.jobs import TRAINED, named_job
from ftworkbench.steps.recipe import open_recipe
from ftworkbench.steps.session import running_session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the training job")
    parser.add_argument("--prompt", metavar="TEXT", help="what to ask (default: read from standard input)")
    parser.add_argument("--max-new-tokens", type=int, metavar="N", help="the longest answer (default: the recipe's)")
    parser.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0 (default) is greedy")
    parser.add_argument("--top-p", type=float, default=1.0, metavar="P", help="draw from the likeliest of that share")
    parser.add_argument("--seed", type=int, metavar="N", help="of what is drawn (default: the recipe's)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="ask each so often, by one seed after the other"
    )
    parser.add_argument(
        "--with", dest="beside", action="append", default=[], metavar="WHO",
        help="who else answers: a prompted contestant, another job, or JOB/checkpoint-N; may be repeated",
    )  # fmt: skip
    add_prompts(parser)
    add_json(parser, "all answers")


def run(args: argparse.Namespace) -> int:
    contest, whom = asked_contest(args)
    if args.temperature < 0 or not 0 < args.top_p <= 1:
        raise InputError("--temperature is 0 or more, --top-p more than 0 and at most 1")
    if args.seeds < 1 or (args.seeds > 1 and not args.temperature):
        raise InputError(
            "--seeds is 1 or more, and more than 1 only with a --temperature: greedy answers are all alike"
        )
    if args.prompt is None and sys.stdin.isatty():
        raise InputError("what should they be asked? give --prompt TEXT, or pipe it in")
    prompt = args.prompt if args.prompt is not None else sys.stdin.read().strip()
    if not prompt:
        raise InputError("the prompt is empty")
    say(f"asking {whom}")
    seed = contest.opened.recipe.train.seed if args.seed is None else args.seed
    with bars() as shown:
        found = compare(
            contest, prompt,
            max_new_tokens=args.max_new_tokens, temperature=args.temperature, top_p=args.top_p, seed=seed,
            seeds=args.seeds, beside=args.beside, tell=shown.show,
        )  # fmt: skip
    session = running_session(contest.opened, contest.train_job)
    if session is not None:
        say(f"{session.short} keeps the model for the next prompt; `ftworkbench stop {session.short}` ends it")
    if args.json:
        emit({"prompt": prompt, "answers": [answer.as_json() for answer in found]})
        return EXIT_GOOD
    many = len(found) // args.seeds
    for place in range(args.seeds):
        if args.seeds > 1:
            tell(f"seed {seed + place}")
        for line in side_by_side(found[place * many : (place + 1) * many]):
            tell(line)
    return EXIT_GOOD


def asked_contest(args: argparse.Namespace) -> tuple[Contest, str]:
    """Who can answer, and who does in any case, in words."""
    if args.prompts:
        contest = prompt_contest(open_recipe(Path(args.job)))
        return contest, " and ".join(contest.first)
    job = named_job(args.job, args.workspace, TRAINED)
    return contest_of(job.workspace, job), f"the baseline and {job.short}"


def side_by_side(answers: list[Answered], width: int = 100) -> list[str]:
    """The answers in columns, each under who gave it."""
    column = column_width(len(answers), width)
    blocks = []
    for answer in answers:
        who = f"{answer.name} · {answer.adapter_sha256[:8] if answer.adapter_sha256 else 'no adapter'}"
        figures = f"{answer.tokens} tokens in {answer.seconds:.1f}s"
        figures += "" if answer.cost is None else f", {1000 * answer.cost:.3g} for 1,000 such"
        blocks.append([who, figures, "─" * column, *wrapped(answer.text, column)])
    return columns(blocks, column)
