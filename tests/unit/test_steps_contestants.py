"""A prompt that was tried is kept in the recipe, as one more contestant."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftworkbench.errors import InputError
from ftworkbench.recipe.read import load
from ftworkbench.recipe.tables import ContestantLine
from ftworkbench.steps.contestants import keep_contestant

RECIPE = """\
[model]
model_id = "tiny"

[data]
train = "train.jsonl"

[prompt]
contestants = [
    {shots = 3, name = "three"},  # a strong one
]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "colours.toml"
    path.write_text(RECIPE)
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    return path


def test_a_short_prompt_stands_in_the_recipe_beside_the_others_and_their_comments(recipe: Path) -> None:
    assert keep_contestant(recipe, ContestantLine(name="brief", system="Be brief.", shots=3)) is None
    assert [(line.name, line.system, line.shots) for line in load(recipe).prompt.contestants] == [
        ("three", None, 3), ("brief", "Be brief.", 3),
    ]  # fmt: skip
    assert "# a strong one" in recipe.read_text()


def test_a_prompt_of_several_lines_has_a_file_of_its_own(recipe: Path) -> None:
    file = keep_contestant(recipe, ContestantLine(name="long", system="Route it.\nIn JSON."))
    assert file == recipe.parent / "prompts" / "long.txt"
    assert file.read_text() == "Route it.\nIn JSON.\n"
    kept = load(recipe).prompt.contestants[-1]
    assert (kept.system, kept.system_file, kept.shots) == (None, "prompts/long.txt", 0)
    assert "shots = 0" not in recipe.read_text()


def test_a_list_is_made_where_the_recipe_has_none(recipe: Path) -> None:
    recipe.write_text(RECIPE.partition("[prompt]")[0])
    keep_contestant(recipe, ContestantLine(name="brief", system="Be brief."))
    assert [line.name for line in load(recipe).prompt.contestants] == ["brief"]


def test_a_name_that_is_taken_or_a_file_that_is_there_changes_nothing(recipe: Path) -> None:
    (recipe.parent / "prompts").mkdir()
    (recipe.parent / "prompts" / "long.txt").write_text("mine")
    with pytest.raises(InputError, match="has one that is called three; give another name"):
        keep_contestant(recipe, ContestantLine(name="three", system="x"))
    with pytest.raises(InputError, match=r"long\.txt: is there already; give another name"):
        keep_contestant(recipe, ContestantLine(name="long", system="a\nb"))
    assert recipe.read_text() == RECIPE
    assert (recipe.parent / "prompts" / "long.txt").read_text() == "mine"


def test_contestants_that_are_tables_of_their_own_all_stay(recipe: Path) -> None:
    recipe.write_text(RECIPE.partition("contestants")[0] + '[[prompt.contestants]]\nshots = 3\nname = "three"\n')
    keep_contestant(recipe, ContestantLine(name="brief", system="Be brief."))
    assert [line.name for line in load(recipe).prompt.contestants] == ["three", "brief"]


def test_where_the_contestants_stand_in_several_places_it_is_said_and_nothing_written(recipe: Path) -> None:
    one = '[[prompt.contestants]]\nshots = {n}\nname = "few-{n}"\n'
    text = RECIPE.partition("[prompt]")[0] + one.format(n=3) + "[train]\nseed = 1\n" + one.format(n=4)
    recipe.write_text(text)
    with pytest.raises(InputError, match="stands in several places of this recipe"):
        keep_contestant(recipe, ContestantLine(name="brief", system="Be brief."))
    assert recipe.read_text() == text


def test_a_mark_at_the_beginning_of_the_file_is_in_nobodys_way(recipe: Path) -> None:
    recipe.write_text("\ufeff" + RECIPE)
    keep_contestant(recipe, ContestantLine(name="brief", system="Be brief."))
    assert [line.name for line in load(recipe).prompt.contestants] == ["three", "brief"]
