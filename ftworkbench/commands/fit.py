"""`fit RECIPE`: memory and time, by formula, or measured."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ftworkbench.commands import hints
from ftworkbench.commands.arguments import add_json, add_recipe, add_set
from ftworkbench.commands.opening import add_offline, add_trust_code, open_asked_recipe
from ftworkbench.commands.show import emit, tell
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_GOOD, EXIT_NO, InputError
from ftworkbench.estimate.advice import room_words
from ftworkbench.jobs.folder import result
from ftworkbench.jobs.state import phase
from ftworkbench.recipe.declare import Value
from ftworkbench.steps.fit import Fitted, fit, keep_measures, start_fit
from ftworkbench.steps.recipe import Opened

_BAR = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument("--card", metavar="NAME", help="a card that is not here, as in `RTX 4090` or H100")
    parser.add_argument(
        "--measure", action="store_true", help="run the worst step that the data holds, on this machine"
    )
    add_set(parser)
    add_offline(parser)
    add_trust_code(parser)
    add_json(parser, "the result")


def run(args: argparse.Namespace) -> int:
    opened = open_asked_recipe(args)
    fitted = fit(opened, args.card)
    if args.measure:
        if args.card:
            raise InputError("--measure runs on this machine; leave --card out")
        job = start_fit(opened)
        watch_job(job)
        if phase(job) != "done":
            return EXIT_NO
        measured = result(job) or {}
        keep_measures(opened, fitted.basis)
        fitted = fit(opened, basis=fitted.basis)
    found: dict[str, Any] = fitted.fit.as_json()
    if args.measure:
        found.update({"measured": True, **{key: value for key, value in measured.items() if value is not None}})
    training = None if fitted.fit.hours is None else 3600 * fitted.fit.hours
    found["cost"] = fitted.cost(training)
    found["evaluation_hours"] = None if fitted.answering is None else round(fitted.answering / 3600, 3)
    found["evaluation_cost"] = fitted.cost(fitted.answering)
    found["hopeless"] = fitted.is_hopeless
    found["choices"] = [asdict(choice) for choice in fitted.opened.choices]
    found["notes"] = list(fitted.basis.notes)
    if args.json:
        emit(found)
    else:
        room = "" if fitted.fit.card is None else f"it has {room_words(fitted.fit.card)}"
        for line in fit_lines(found, room, fitted.training_words, fitted.answering_words):
            tell(line)
        if fitted.total_words and found["fits"]:
            tell(fitted.total_words)
        for line in _next(fitted, opened, args.card):
            tell(line)
    return EXIT_NO if found["fits"] is False else EXIT_GOOD


def _next(fitted: Fitted, opened: Opened, card: str | None) -> list[str]:
    if fitted.is_hopeless:
        return hints.next_lines(hints.look_at_card(opened))
    if not fitted.fit.fits:
        return []
    there = fitted.fit.card if card else None
    head = f"next, where there is such a card ({there.name})" if there and not there.is_cpu else "next"
    return hints.next_lines(hints.measure_and_train(opened), head)


def fit_lines(found: dict[str, Any], room: str = "", training: str = "", answering: str = "") -> list[str]:
    """The estimate for people: a bar for each part of the memory, the sum, the time, the advice, what was chosen.

    In words: `room` says what the card holds, `training` and `answering` how long those take, and what they cost.
    """
    peak = found["peak_gib"]
    share = found["trainable"] / found["parameters"]
    lines = [f"{found['parameters']:,} parameters, {found['trainable']:,} trained ({share:.2%})"]
    for name, gib in found["parts"].items():
        bar = "█" * round(_BAR * gib / peak) if peak else ""
        lines.append(f"  {name:<14} {gib:8.2f} GiB  {bar}".rstrip())
    fits = {True: "fits", False: "does not fit", None: "no card to hold it against"}[found["fits"]]
    where = f" on {found['card']}" if found.get("card") else ""
    where += f": {room}" if where and room else ""
    measured = "measured: " if found.get("measured") else ""
    if peak is not None:
        lines.append(f"  {'peak':<14} {peak:8.2f} GiB  {measured}{fits}{where}")
    stages = {name: gib for name, gib in found.get("stages", {}).items() if name != "step"}
    if stages:
        lines.append("  at other times: " + ", ".join(f"{name} {gib:.2f} GiB" for name, gib in stages.items()))
    if found["tokens_per_second"]:
        lines.append(", ".join(filter(None, (f"about {found['tokens_per_second']:,.0f} tokens/s", training))))
    lines += [answering] if answering else []
    lines += [text for text in (found.get("source"), found.get("advice")) if text]
    if found.get("choices"):
        lines.append("left out, and chosen:")
        for each in found["choices"]:
            lines.append(f"  {each['key']} = {_written(each['value'])}: {each['why']}")
    return lines + list(found.get("notes", ()))


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
