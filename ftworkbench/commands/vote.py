"""`vote JOB`: two answer the same prompts, and a person says which is better without knowing whose it is."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_job, add_json, add_prompts
from ftworkbench.commands.bars import Bars
from ftworkbench.commands.choosing import HOW, ask_choice, show_pair
from ftworkbench.commands.compare import asked_contest
from ftworkbench.commands.show import emit, say, tell
from ftworkbench.commands.votes import standing_json
from ftworkbench.errors import EXIT_GOOD, InputError
from ftworkbench.evaluate.votes import tally_words
from ftworkbench.figures import count
from ftworkbench.steps.asking import Question
from ftworkbench.steps.blind import Pair, answered_pairs, not_voted_on, questions_of, vote_on, who
from ftworkbench.steps.contenders import Contest
from ftworkbench.steps.voting import standings, take_vote_back


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_job(parser, "the training job")
    parser.add_argument(
        "--between", nargs=2, metavar="WHO",
        help="who answers: a prompted contestant, tuned, another job, or JOB/checkpoint-N "
        "(default: the best prompt, and tuned)",
    )  # fmt: skip
    parser.add_argument(
        "--rows", choices=("validation", "test"), default="validation",
        help="whose prompts are asked (default: validation); votes on test rows become no preference rows",
    )  # fmt: skip
    parser.add_argument(
        "--prompt", metavar="TEXT", help="ask this instead of rows (no preference either, where a test row asks it)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="ask at most so many")
    add_prompts(parser)
    add_json(parser, "what all votes between the two say")


def run(args: argparse.Namespace) -> int:
    contest, _ = asked_contest(args)
    names = tuple(contest.named(name).name for name in args.between or contest.first)
    if len(set(names)) != 2:
        raise InputError("a blind comparison is between two: name them with --between WHO WHO")
    if args.limit is not None and args.limit < 1:
        raise InputError("--limit is 1 or more")
    if args.prompt is None:
        questions = not_voted_on(contest, names, questions_of(contest, args.rows))[: args.limit]
    else:
        questions = [Question(({"role": "user", "content": args.prompt},))]
    if questions:
        say(f"{' and '.join(sorted(names))} answer {count(len(questions), 'prompt')}; you don't see which is which")
        say(HOW)
        _vote(contest, names, questions)
    else:
        say(f"there is a vote on every {args.rows} row between {' and '.join(sorted(names))}")
    both = {who(contest, name) for name in names}
    found = [each for each in standings(contest.opened.workspace) if {each.one.who, each.other.who} == both]
    if args.json:
        emit({"between": sorted(names), "votes": None if not found else standing_json(found[0])})
    else:
        told = [tally_words(each.tally, each.one.name, each.other.name) for each in found]
        tell(told[0] if told else "no votes yet")
    return EXIT_GOOD


def _vote(contest: Contest, names: tuple[str, ...], questions: list[Question]) -> None:
    """Shows pair after pair, until all are voted on or the person leaves off."""
    cast: list[Pair] = []
    again: list[Pair] = []
    same = 0
    with answered_pairs(contest, names, questions, Bars(None).show) as pairs:
        while pair := again.pop() if again else next(pairs, None):
            if pair.left.answer == pair.right.answer:
                same += 1
                continue
            question = pair.question
            both = pair.left.answer, pair.right.answer
            show_pair(f"vote {len(cast) + 1}", question.messages, question.reference or "", both)
            word = ask_choice()
            if word == "quit":
                break
            if word == "undo":
                again.append(pair)
                if not cast:
                    say("there is no vote of this round to take back")
                    continue
                take_vote_back(contest.opened.workspace)
                again.append(cast.pop())
                say("the last vote is taken back")
            elif word != "skip":
                vote_on(contest.opened.workspace, pair, word)
                cast.append(pair)
    if same:
        say(f"{count(same, 'prompt')} got the same answer from both: there is nothing to choose")
