"""The contestants of a recipe: an inline table each, typed, bounded, with a name, and without any secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftworkbench.errors import RecipeError
from ftworkbench.recipe.options import find_option
from ftworkbench.recipe.prompt_table import ContestantLine, contestant_names
from ftworkbench.recipe.read import load, parse
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps, set_option
from ftworkbench.tui.recipe_draft import Draft, read_value, written_value
from ftworkbench.tui.screens.recipe_page import help_lines

START = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "t.jsonl"\n[prompt]\nfew_shot = [0]\n'
LINES = """\
contestants = [
    {shots = 8, pick = "nearest"},  # those most like it
    {retrieve = "docs", passages = 2, system = "Say \\"why\\".\\nShort."},
    {endpoint = "http://localhost:8000/v1", model = "org/Big model", shots = 2, api_key_env = "BIG_KEY"},
]
"""


def recipe(lines: str) -> Recipe:
    return parse(START + lines, "r")


def test_each_line_is_a_contestant_with_a_name_made_from_the_rest() -> None:
    found = recipe(LINES).prompt
    assert found.contestants[0] == ContestantLine(shots=8, pick="nearest")
    assert found.contestants[1].system == 'Say "why".\nShort.'
    assert contestant_names(found) == ("zero-shot", "nearest-8", "retrieval-2", "Big-model-few-shot-2")


def test_it_is_written_one_a_line_and_reads_the_same_again() -> None:
    first = recipe(LINES)
    text = dumps(first)
    assert parse(text, "r") == first
    assert '\n    {shots = 8, pick = "nearest"},\n' in text
    assert "timeout = 120.0" in text, "what decides how an endpoint is asked is written out"
    prompt = text.partition("[judge]")[0]
    assert prompt.count("timeout") == 1, "and only where there is one"


def test_the_form_shows_it_and_takes_it_as_it_is_shown() -> None:
    first = recipe(LINES)
    option = find_option("prompt.contestants")
    shown = written_value(first.prompt.contestants)
    assert shown.startswith('[{ shots = 8, pick = "nearest" }, { system = "Say \\"why\\".\\nShort."')
    again = set_option(START, "prompt.contestants", read_value(option, shown))
    assert parse(again, "r").prompt.contestants == first.prompt.contestants


def test_the_form_explains_each_option_of_a_contestant() -> None:
    draft = Draft(Path("r.toml"), START + LINES)
    told = "\n".join(line.plain for line in help_lines(draft, "prompt.contestants", 200))
    assert "api_key_env  The NAME of the environment variable" in told
    assert "shots  So many examples of the training rows are shown as earlier turns. (0 or more and at most" in told


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("[1]", "must be a list of inline tables"),
        ("[{}, {shots = -1}]", "2: shots must be 0 or more"),
        ("[{shot = 1}]", "1: shot is not an option of it; did you mean shots?"),
        ('[{pick = "last", shots = 1}]', "1: pick must be one of balanced, random, first, nearest"),
        ('[{pick = "first"}]', "shots says that there are none"),
        ('[{name = "../out"}]', "name must be letters"),
        ('[{name = "tuned"}]', "name must be letters"),
        ('[{system = "a", system_file = "b"}]', "exclude each other"),
        ('[{retrieve = "docs", template = "{question}"}]', "template must have {passages} and {question}"),
        ("[{passages = 3}]", "belong to retrieve"),
        ('[{endpoint = "http://h/v1"}]', "model is missing"),
        ('[{model = "m"}]', "model belongs to endpoint"),
        ('[{endpoint = "localhost:8000", model = "m"}]', "endpoint must be an address"),
        ('[{endpoint = "http://h/v1", model = "m", timeout = 0}]', "timeout must be above 0"),
        ('[{endpoint = "http://h/v1", model = "m", budget = 1}]', "budget needs price_per_million_input"),
        ("[{shots = 3}, {shots = 3}]", "2: is called few-shot-3, as another one is"),
        ("[{}]", "1: is called zero-shot, as another one is"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_number_of_the_contestant(lines: str, words: str) -> None:
    with pytest.raises(RecipeError) as raised:
        recipe(f"contestants = {lines}\n")
    (problem,) = raised.value.problems
    assert problem.startswith("r.toml:7: prompt.contestants ")
    assert words in problem


@pytest.mark.parametrize(
    "secret",
    ['api_key_env = "sk-SECRET0123456789"', 'api_key_env = "AKIASECRET0123456789"', 'api_key = "SECRET"'],
)
def test_a_key_in_the_recipe_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(RecipeError) as raised:
        recipe(f'contestants = [{{endpoint = "http://h/v1", model = "m", {secret}}}]\n')
    (problem,) = raised.value.problems
    assert "SECRET" not in problem
    with pytest.raises(RecipeError) as raised:
        recipe('contestants = [{endpoint = "http://me:SECRET@h/v1", model = "m"}]\n')
    assert "SECRET" not in str(raised.value)


def test_a_folder_or_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").touch()
    path = tmp_path / "r.toml"
    path.write_text(START + 'contestants = [{retrieve = "docs"}, {name = "b", system_file = "b.txt"}]\n')
    with pytest.raises(RecipeError) as raised:
        load(path)
    assert [("docs: there is no such folder" in each or "b.txt: there is no such file" in each) for each in (
        raised.value.problems
    )] == [True, True]  # fmt: skip


def test_without_any_contestant_the_recipe_says_so() -> None:
    with pytest.raises(RecipeError, match="few_shot is empty"):
        parse(START.replace("[0]", "[]"), "r")
    only = parse(START.replace("[0]", "[]") + 'contestants = [{shots = 2, pick = "nearest"}]\n', "r")
    assert contestant_names(only.prompt) == ("nearest-2",)
