"""Writing a recipe: all of it, so that it reads the same again, and edits that keep what a person wrote."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftworkbench.errors import InputError, RecipeError
from ftworkbench.recipe.options import TABLE_NAMES, Option, options
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import TABLES, ContestantLine, Recipe
from ftworkbench.recipe.write import dumps, set_option, unset_option

WRITTEN = """\
# my recipe
[model]
model_id = "pocket"  # small

[train]
# slow at first
learning_rate = 2e-4  # tried 1e-3
# packing = true

# the rows
[data]
train = "train.jsonl"
"""
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CONTESTANTS = st.builds(
    ContestantLine,
    system=st.none() | TEXT,
    shots=st.integers(0, 9),
    retrieve=st.none() | st.just("docs"),
    model=st.none(),
)


def values(option: Option) -> st.SearchStrategy[Any]:
    low = None if option.low is None else int(option.low) + (1 if option.low_is_open else 0)
    match option.type:
        case "bool":
            return st.booleans()
        case "int":
            return st.integers(low, 10_000)
        case "float":
            high = option.high if option.high is not None else 1e9
            fractions = st.floats(
                option.low or 0.0, high, exclude_min=option.low_is_open, exclude_max=option.high_is_open
            )
            return fractions.filter(lambda number: number > 1e-300)
        case "list[int]":
            return st.lists(st.integers(low, 100), min_size=1, max_size=4, unique=True).map(tuple)
        case "list[table]":
            return st.lists(CONTESTANTS, max_size=3).map(tuple)
        case _:
            text = st.sampled_from(option.choices) if option.choices else TEXT.filter(lambda text: text.strip() != "")
            return st.lists(text, max_size=3).map(tuple) if option.type == "list[str]" else text


def as_read(part: Any) -> Any:
    return part.as_toml() if isinstance(part, ContestantLine) else part


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    tables: dict[str, Any] = {}
    for table in TABLE_NAMES:
        chosen = [each for each in options(table) if each.required or draw(st.booleans())]
        tables[table] = TABLES[table](**{each.name: draw(values(each)) for each in chosen})
    return Recipe(name="any", **tables)


@settings(deadline=None)
@given(recipes())
def test_what_is_written_has_every_value_and_reads_the_same_again(recipe: Recipe) -> None:
    parsed = tomllib.loads(dumps(recipe))
    assert list(parsed) == list(TABLE_NAMES)
    for table in TABLE_NAMES:
        again = {each.name: parsed[table].get(each.name) for each in options(table)}
        for name, value in again.items():
            held = getattr(getattr(recipe, table), name)
            assert value == (list(map(as_read, held)) if isinstance(held, tuple) else held)


def test_the_libraries_own_options_survive_writing_and_reading() -> None:
    lora = 'target_modules = ["q_proj"]\nlayers_to_transform = [1, 2]\n'
    text = WRITTEN + f'[lora]\nrank_pattern = {{ "q_proj" = 8, "a.b" = 4 }}\n{lora}'
    recipe = parse(text, "triage")
    assert parse(dumps(recipe), "triage") == recipe
    assert recipe.lora.extra["rank_pattern"] == {"q_proj": 8, "a.b": 4}


def test_a_long_prompt_is_written_as_it_reads() -> None:
    recipe = parse(WRITTEN + '[prompt]\nsystem = """Route it.\nSay "why"."""\n', "triage")
    assert 'system = """Route it.\nSay "why"."""' in dumps(recipe)


def test_a_changed_value_keeps_comments_and_order() -> None:
    changed = set_option(WRITTEN, "train.learning_rate", 0.001)
    assert changed == WRITTEN.replace("2e-4", "0.001")


def test_a_new_option_goes_below_the_last_one_of_its_table() -> None:
    changed = set_option(WRITTEN, "train.seed", 7)
    assert changed == WRITTEN.replace("# tried 1e-3\n", "# tried 1e-3\nseed = 7\n")


@pytest.mark.parametrize("text", [WRITTEN, WRITTEN.rstrip(), ""])
def test_a_table_that_is_not_there_is_added(text: str) -> None:
    changed = set_option(text, "launch.device", "cpu")
    assert changed.startswith(text.rstrip())
    assert changed.endswith('[launch]\ndevice = "cpu"\n')
    assert tomllib.loads(changed)["launch"] == {"device": "cpu"}


def test_an_option_set_to_nothing_is_taken_out_and_the_rest_stays() -> None:
    changed = set_option(WRITTEN, "train.learning_rate", None)
    assert "learning_rate" not in changed
    assert "# my recipe" in changed
    assert "# packing = true" in changed
    assert changed == unset_option(WRITTEN, "train.learning_rate")
    assert unset_option(WRITTEN, "train.seed") == WRITTEN


def test_lists_and_texts_with_quotes_are_written_as_toml() -> None:
    changed = set_option(set_option(WRITTEN, "prompt.system", 'a "b"\nc'), "lora.target_modules", ("q_proj", "v_proj"))
    read = tomllib.loads(changed)
    assert read["prompt"]["system"] == 'a "b"\nc'
    assert read["lora"]["target_modules"] == ["q_proj", "v_proj"]


def test_an_edit_of_what_is_no_option_or_no_toml_is_refused() -> None:
    with pytest.raises(InputError, match=r"TABLE\.OPTION"):
        set_option(WRITTEN, "learning_rate", 1)
    with pytest.raises(RecipeError, match="not TOML"):
        set_option("[model", "train.seed", 1)
