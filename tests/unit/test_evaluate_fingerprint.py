import os
from pathlib import Path

import pytest

from ftworkbench.evaluate.fingerprint import baseline_fingerprint, model_stamp, prompt_contents, template_stamp
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.tables import Recipe

BASE = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n'


def recipe(more: str = "", base: str = BASE) -> Recipe:
    return parse(base + more, "triage")


@pytest.mark.parametrize(
    "changed",
    [
        recipe(base=BASE.replace("pocket", "other/model")),
        recipe(base=BASE.replace("[data]", 'revision = "abc"\n[data]')),
        recipe(base=BASE.replace("[data]", 'dtype = "bfloat16"\n[data]')),
        recipe(base=BASE.replace("[data]", 'subfolder = "x"\n[data]')),
        recipe(base=BASE + 'label = "queue"\n'),
        recipe("[quantization]\nload_in_4bit = true\n"),
        recipe('[prompt]\nsystem = "Be brief."\n'),
        recipe("[prompt]\nfew_shot = [0, 8]\n"),
        recipe("[prompt]\nseed = 7\n"),
        recipe('[evaluate]\nmetric = "contains"\n'),
        recipe("[evaluate]\nmax_new_tokens = 16\n"),
        recipe("[evaluate]\nlimit = 50\n"),
    ],
)
def test_whatever_changes_the_baselines_answers_asks_for_a_new_baseline(changed: Recipe) -> None:
    assert baseline_fingerprint(changed, "t") != baseline_fingerprint(recipe(), "t")


@pytest.mark.parametrize(
    "same",
    [
        recipe("[train]\nlearning_rate = 0.0\nnum_train_epochs = 1.0\n"),
        recipe("[lora]\nr = 64\n"),
        recipe('[prompt]\ntuned_system = "short"\n'),
        recipe("[evaluate]\nalpha = 0.01\nbatch_size = 8\n"),
    ],
)
def test_what_only_training_or_the_report_depends_on_keeps_the_baseline(same: Recipe) -> None:
    assert baseline_fingerprint(same, "t") == baseline_fingerprint(recipe(), "t")


def test_other_rows_and_another_model_in_the_folder_ask_for_a_new_baseline() -> None:
    known = baseline_fingerprint(recipe(), "t", split_sha256="s", model_sha256="m")
    assert known != baseline_fingerprint(recipe(), "u", split_sha256="s", model_sha256="m")
    assert known != baseline_fingerprint(recipe(), "t", split_sha256="x", model_sha256="m")
    assert known != baseline_fingerprint(recipe(), "t", split_sha256="s", model_sha256="x")
    assert known == baseline_fingerprint(recipe(), "t", split_sha256="s", model_sha256="m")


def test_another_template_asks_for_a_new_baseline(tmp_path: Path) -> None:
    own = recipe('[train]\nchat_template_path = "own.jinja"\n')
    path = tmp_path / "own.jinja"
    stamps = [template_stamp(recipe(), tmp_path)]
    for text in ("{{ a }}", "{{ b }}"):
        path.write_text(text)
        stamps.append(template_stamp(own, tmp_path))
    stamps.append(template_stamp(recipe('[train]\neos_token = "</s>"\n'), tmp_path))
    assert stamps[0] == ""
    found = {baseline_fingerprint(recipe(), "t", template_sha256=stamp) for stamp in stamps}
    assert len(found) == 4


def test_a_models_stamp_changes_with_its_template_and_its_weights(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("a")
    (tmp_path / "model.safetensors").write_bytes(b"12345678")
    os.utime(tmp_path / "model.safetensors", (1, 1))
    known = model_stamp(tmp_path)
    assert model_stamp(tmp_path) == known
    (tmp_path / "chat_template.jinja").write_text("b")
    assert model_stamp(tmp_path) != known
    (tmp_path / "chat_template.jinja").write_text("a")
    assert model_stamp(tmp_path) == known
    os.utime(tmp_path / "model.safetensors", (2, 2))
    assert model_stamp(tmp_path) != known


def listed(line: str) -> Recipe:
    return recipe(f"[prompt]\ncontestants = [{{{line}}}]\n")


ENDPOINT = 'endpoint = "http://h/v1", model = "a"'


def test_an_endpoint_is_known_by_its_address_and_model_not_by_how_it_is_asked() -> None:
    known = baseline_fingerprint(listed(ENDPOINT), "t")
    assert known != baseline_fingerprint(recipe(), "t")
    assert known != baseline_fingerprint(listed(ENDPOINT.replace("//h", "//g")), "t")
    assert known != baseline_fingerprint(listed(ENDPOINT.replace('"a"', '"b"')), "t")
    asked = f'{ENDPOINT}, timeout = 5, concurrency = 9, api_key_env = "K", price_per_million_input = 1'
    assert known == baseline_fingerprint(listed(asked), "t")


def test_documents_and_prompts_in_files_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    document, prompt = tmp_path / "docs" / "a.md", tmp_path / "p.txt"
    document.write_text("one")
    prompt.write_text("one")
    found = listed('retrieve = "docs/", system_file = "p.txt"')

    def fingerprint() -> str:
        return baseline_fingerprint(found, "t", contents=prompt_contents(found.prompt, tmp_path))

    first = fingerprint()
    assert first == fingerprint()
    document.write_text("two")
    second = fingerprint()
    prompt.write_text("two")
    assert len({first, second, fingerprint()}) == 3


def test_a_baseline_depends_on_the_file_of_the_metric_that_it_was_chosen_by() -> None:
    same = {baseline_fingerprint(recipe(), "t"), baseline_fingerprint(recipe(), "t", metric_sha256=None)}
    other = {baseline_fingerprint(recipe(), "t", metric_sha256=each) for each in ("1", "2")}
    assert (len(same), len(same | other)) == (1, 3)
