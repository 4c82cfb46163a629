"""Will it fit, and how long will it take: by formula at once, or measured by a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ftworkbench.errors import InputError, RecipeError
from ftworkbench.estimate.advice import room_words
from ftworkbench.estimate.answering import answering_seconds
from ftworkbench.estimate.cards import Card, find_card, machine_with
from ftworkbench.estimate.fit import Fit, estimate, peak_gib, speed_of
from ftworkbench.estimate.measures import Measure, keep, kind_of, measures_of, read_measures, settings_of
from ftworkbench.figures import count, duration
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest, result
from ftworkbench.jobs.launch import submit
from ftworkbench.jobs.state import phase
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.machine import this_machine
from ftworkbench.paths import model_folder
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.steps.basis import Basis, basis_of, require_basis
from ftworkbench.steps.choose import choose, chosen
from ftworkbench.steps.faster import faster_left_out
from ftworkbench.steps.model_checks import require_sound
from ftworkbench.steps.recipe import Opened
from ftworkbench.steps.splits import input_hashes, require_split

_MEASURING = ("fit", "train")
_LEAST_COST = 0.01
_HOPELESS = 24.0  # hours of training on a CPU, for which nobody waits who can have a card for one of them
_NEWEST = 30  # jobs that are looked at for measures


@dataclass(frozen=True)
class Fitted:
    """An estimate, the recipe with what was chosen for the card, and what the estimate rests on.

    `answering` are the seconds that an evaluation takes at most, roughly; None where that cannot be said.
    """

    fit: Fit
    opened: Opened
    basis: Basis
    answering: float | None = None

    def cost(self, seconds: float | None) -> float | None:
        """What so many seconds cost, by launch.cost_per_hour and in its currency; None where it says none."""
        price = self.opened.resolved.launch.cost_per_hour
        return None if price is None or seconds is None else round(seconds * price / 3600, 4)

    @property
    def training_words(self) -> str:
        """`3m 00s of training, 0.08 at 1.5 an hour`; empty where that is not known."""
        if self.fit.hours is None:
            return ""
        seconds, price = 3600 * self.fit.hours, self.opened.resolved.launch.cost_per_hour
        at = "" if price is None else f" at {price:g} an hour"
        return f"{_about(seconds)} of training{self._costing(seconds)}{at}"

    @property
    def answering_words(self) -> str:
        """`measuring takes at most about 2m 10s more, 0.05: 200 test rows, …`; empty where that is not known."""
        held_out = self.basis.held_out(self.opened.recipe.data)
        if not self.answering or held_out is None:
            return ""
        evaluate = self.opened.resolved.evaluate
        rows = count(min(held_out[0], evaluate.limit or held_out[0]), "test row")
        length = count(evaluate.max_new_tokens, "token")
        more = f"at most about {_about(self.answering)} more{self._costing(self.answering)}"
        return f"measuring takes {more}: {rows} by baseline and tuned, in answers of up to {length}"

    @property
    def total_words(self) -> str:
        """`training and measuring: in all at most about 2h 10m, 4.30`; empty where either is not known."""
        if self.fit.hours is None or not self.answering_words:
            return ""
        seconds = 3600 * self.fit.hours + (self.answering or 0.0)
        return f"training and measuring: in all at most about {_about(seconds)}{self._costing(seconds)}"

    @property
    def is_hopeless(self) -> bool:
        """Whether it would take days, because it is a CPU's work here."""
        return _is_hopeless(self.fit)

    def _costing(self, seconds: float) -> str:
        cost = self.cost(seconds)
        return "" if cost is None else f", {cost:.2f}" if cost >= _LEAST_COST else f", less than {_LEAST_COST}"


def fit(opened: Opened, card_name: str | None = None, basis: Basis | None = None) -> Fitted:
    """Memory and time of the recipe on the named card, on this machine's, or on its CPU.

    With a `basis` this is arithmetic alone. Raises InputError for a card that is not known, or where model or rows
    cannot be had.
    """
    card = _card(opened, card_name)
    if basis is None:
        basis = basis_of(opened)
        keep_measures(opened, basis)
    opened = _chosen_for(opened, card, basis) if card_name else choose(opened, basis)
    sizes = basis.sizes
    measures = measures_of(card.name, _model_name(opened), sizes.longest)
    found = estimate(
        opened.resolved, basis.shape, card, sizes.rows, sizes.mean, longest_tokens=sizes.longest, measures=measures
    )
    if found.fits and opened.recipe.train.gradient_checkpointing is None:
        found = replace(found, advice="", changes=())  # it was weighed when it was chosen
    machine = machine_with(card, this_machine()) if card_name else this_machine()
    found = faster_left_out(opened.recipe, found, basis, card, machine, measures=measures)
    if _is_hopeless(found):
        found = replace(found, advice=" ".join(filter(None, (_without_a_card(found), found.advice))))
    return Fitted(found, opened, basis, _answering(opened, basis, card))


def _is_hopeless(found: Fit) -> bool:
    return found.card is not None and found.card.is_cpu and (found.hours or 0.0) > _HOPELESS


def _without_a_card(found: Fit) -> str:
    takes = _about(3600 * (found.hours or 0.0))
    return (
        f"On a CPU this is hopeless: {takes} for {found.parameters / 1e9:.1f}B parameters. "
        '`fit --card "RTX 4090"` says what a card takes; the recipe for a CPU is sample_configs/cpu.toml.'
    )


def _answering(opened: Opened, basis: Basis, card: Card) -> float | None:
    held_out, recipe = basis.held_out(opened.recipe.data), opened.resolved
    if held_out is None:
        return None
    test = min(held_out[0], recipe.evaluate.limit or held_out[0])
    return answering_seconds(recipe, basis.shape, card, basis.sizes.mean, test=test, validation=held_out[1])


def _about(seconds: float) -> str:
    return duration(seconds) if seconds >= 1 else "less than 1s"


def room_warning(opened: Opened) -> str:
    """What the estimate says against launching the recipe here, in one line; empty where that is nothing."""
    try:
        fitted = fit(opened)
    except InputError:
        return ""
    found = fitted.fit
    if found.fits and fitted.is_hopeless:
        return found.advice
    if found.fits is not False or found.card is None:
        return ""
    has = f"{found.card.name} has {room_words(found.card)}"
    return f"by the estimate this does not fit: it needs {found.peak_gib:.1f} GiB, and {has}. {found.advice}"


def _card(opened: Opened, name: str | None) -> Card:
    """The named card, or what the recipe runs on here."""
    if name is None and opened.resolved.launch.device == "cpu":
        name = "cpu"
    return find_card(name, this_machine())


def _chosen_for(opened: Opened, card: Card, basis: Basis) -> Opened:
    """The recipe with what is left out chosen as on a machine with `card`, and launched there."""
    machine = machine_with(card, this_machine())
    device = "cpu" if card.is_cpu else "cuda"
    there = replace(opened.recipe, launch=replace(opened.recipe.launch, device=device))
    resolved, choices = resolve(there, machine) if card.is_cpu else chosen(there, basis, card, machine)
    return replace(opened, resolved=resolved, choices=choices)


def start_fit(opened: Opened) -> Job:
    """Launches a job that runs the worst step that the data holds, and reports its memory and speed."""
    hashes = input_hashes(require_split(opened))
    basis = require_basis(opened)
    opened = choose(opened, basis)
    require_sound(opened, basis)
    return submit(
        opened.workspace, "fit", opened.resolved, {}, hashes=hashes, choices=opened.choices,
        peak_gib=peak_gib(opened.resolved, basis.shape, basis.sizes.longest, cpu=False),
    )  # fmt: skip


def _model_name(opened: Opened) -> str:
    """What measures know the model by: its folder, or its hub id."""
    model = opened.recipe.model
    return str(model_folder(model.model_id, opened.workspace.root) or f"{model.model_id}@{model.revision or 'main'}")


def keep_measures(opened: Opened, basis: Basis) -> None:
    """Keeps what the workspace's jobs have measured of this model, so that estimates are right from then on."""
    kept = {each.job for each in read_measures()}
    jobs = [job for job in list_jobs(opened.workspace)[-_NEWEST:] if str(job.path) not in kept]
    done = [job for job in jobs if job.kind in _MEASURING and phase(job) == "done"]
    found = [measure for job in done for measure in _measured(job, opened, basis)]
    if found:
        keep(found)


def _measured(job: Job, opened: Opened, basis: Basis) -> Iterator[Measure]:
    try:
        recipe = recipe_of(job)
    except (OSError, UnicodeDecodeError, RecipeError):
        return
    told = result(job) or {}
    longest = told.get("longest_tokens", round(basis.sizes.longest))
    if recipe.model.model_id != opened.recipe.model.model_id or not isinstance(longest, int):
        return
    ran_out = job.kind == "fit" and told.get("fits") is False
    if not ran_out and not told.get("peak_gib"):
        return
    card = _card(replace(opened, resolved=recipe), None)
    yield Measure(
        job=str(Path(job.path)),
        card=card.name,
        model=_model_name(opened),
        settings=settings_of(recipe, basis.sizes.longest),
        kind=kind_of(recipe),
        peak_gib=None if ran_out else told.get("peak_gib"),
        tokens_per_second=told.get("tokens_per_second"),
        estimated_gib=_peak(recipe, basis, longest, card),
        estimated_speed=speed_of(recipe, basis.shape, card, basis.sizes.mean, longest),
        t=float(read_manifest(job).get("created", 0.0)),
        # Batches come as they do in a training; packed, they are all as large as one another.
        worst=job.kind == "fit" or bool(recipe.train.packing),
    )


def _peak(recipe: Recipe, basis: Basis, longest: float, card: Card) -> float:
    return peak_gib(recipe, basis.shape, longest, cpu=card.is_cpu)
