"""The judge of a recipe: typed, bounded, without any secret, and what excludes each other is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftworkbench.errors import RecipeError
from ftworkbench.recipe.judge_table import Judge
from ftworkbench.recipe.read import load, parse
from ftworkbench.recipe.write import dumps

START = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "t.jsonl"\n[judge]\n'
ENDPOINT = 'endpoint = "http://localhost:8000/v1"\nmodel = "org/big"\n'


def judge(lines: str) -> Judge:
    return parse(START + lines, "r").judge


def test_nobody_judges_unless_the_recipe_says_who() -> None:
    assert not judge("").is_asked
    assert judge("local = true").is_asked
    found = judge(ENDPOINT)
    assert (found.is_asked, found.mode, found.structured, found.scale) == (True, "pairwise", True, 10)


def test_it_is_written_out_whole_and_reads_the_same_again() -> None:
    text = START + ENDPOINT + 'mode = "grade"\nscale = 5\nrubric = """Short.\nKind."""\napi_key_env = "BIG_KEY"\n'
    first = parse(text, "r")
    assert parse(dumps(first), "r") == first
    assert 'rubric = """Short.\nKind."""' in dumps(first)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('mode = "vote"', "judge.mode must be one of pairwise, grade"),
        ("scale = 1", "judge.scale must be 2 or more and at most 100"),
        ("budget = -1", "judge.budget must be 0 or more"),
        (ENDPOINT + "timeout = 0", "judge.timeout must be above 0"),
        (ENDPOINT + "local = true", "judge.local and endpoint exclude each other"),
        (ENDPOINT + 'rubric = "a"\nrubric_file = "b"', "judge.rubric_file and rubric exclude each other"),
        (ENDPOINT + "budget = 2", "judge.budget needs price_per_million_input"),
        ("local = true\nbudget = 2", "judge.budget belongs to endpoint, which is not said"),
        ('model = "m"', "judge.model belongs to endpoint, which is not said"),
        ('endpoint = "http://h/v1"', "judge.model is missing"),
        ('endpoint = "h:80"\nmodel = "m"', "judge.endpoint must be an address"),
        ('rubric = "Short."', "judge.rubric is for a judge, but there is none"),
        ('mode = "grade"', "judge.mode is for a judge, but there is none"),
        (ENDPOINT + "rubrik = 1", "judge.rubrik is not an option; did you mean rubric?"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(lines: str, words: str) -> None:
    with pytest.raises(RecipeError) as raised:
        judge(lines)
    (problem,) = raised.value.problems
    assert words in problem


@pytest.mark.parametrize(
    "lines",
    [
        'api_key = "sk-SECRET0123456789"',
        'api_key_env = "sk-SECRET0123456789"',
        'api_key_env = "AKIASECRET0123456789"',
        'endpoint = "http://me:SECRET@h/v1"',
    ],
)
def test_a_key_in_the_recipe_is_refused_and_not_repeated(lines: str) -> None:
    with pytest.raises(RecipeError) as raised:
        judge((ENDPOINT if "endpoint" not in lines else 'model = "m"\n') + lines)
    assert "SECRET" not in str(raised.value)


def test_a_rubric_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").touch()
    path = tmp_path / "r.toml"
    path.write_text(START + ENDPOINT + 'rubric_file = "rubric.md"\n')
    with pytest.raises(RecipeError, match=r"judge\.rubric_file rubric\.md: there is no such file"):
        load(path)
