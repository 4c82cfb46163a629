"""Reading a recipe: what is right is typed, and all that is wrong is said at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ftworkbench.errors import InputError, RecipeError
from ftworkbench.recipe.read import load, parse, value_of

MINIMAL = '[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n'


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(RecipeError) as caught:
        parse(text, "triage", "triage.toml")
    return caught.value.problems


def only(text: str) -> str:
    (problem,) = problems(text)
    return problem


def in_folder(folder: Path, text: str, *overrides: str) -> tuple[str, ...]:
    (folder / "triage.toml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        load(folder / "triage.toml", overrides)
    return caught.value.problems


def test_what_is_left_out_has_its_default() -> None:
    recipe = parse(MINIMAL, "triage")
    assert (recipe.name, recipe.model.model_id, recipe.data.train) == ("triage", "pocket", "train.jsonl")
    assert (recipe.lora.r, recipe.train.learning_rate, recipe.prompt.few_shot) == (16, 2e-4, (0, 6))
    assert recipe.train.packing is None


def test_a_whole_number_will_do_where_a_fraction_could_stand() -> None:
    rate = parse(MINIMAL + "[train]\nlearning_rate = 0\n", "x").train.learning_rate
    assert rate == 0
    assert isinstance(rate, float)


def test_a_misspelt_option_is_named_with_its_line_and_the_nearest_right_one() -> None:
    text = MINIMAL + "[train]\nlearning_rat = 1e-4\n"
    assert only(text) == "triage.toml:6: train.learning_rat is not an option; did you mean learning_rate?"


def test_the_libraries_own_options_count_as_right_names_too() -> None:
    assert only(MINIMAL + "[train]\nneftune_noise_alfa = 5\n").endswith("did you mean neftune_noise_alpha?")


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("train", "neftune_noise_alpha = 5"),
        ("train", "lr_scheduler_kwargs = { num_cycles = 2 }"),
        ("train", "packing_strategy = 'bfd_split'"),
        ("lora", "modules_to_save = ['embed_tokens']"),
        ("quantization", "llm_int8_threshold = 5.0"),
        ("model", "local_files_only = true"),
    ],
)
def test_an_option_that_only_the_library_knows_passes_through(table: str, line: str) -> None:
    text = (
        f'[model]\nmodel_id = "pocket"\n{line}\n'
        if table == "model"
        else f'[model]\nmodel_id = "pocket"\n[{table}]\n{line}\n'
    )
    extra = getattr(parse(text + '[data]\ntrain = "t"\n', "x"), table).extra
    assert list(extra) == [line.split(" = ", 1)[0]]


def test_checking_a_librarys_option_imports_no_library() -> None:
    before = set(sys.modules)
    parse(MINIMAL + "[train]\nneftune_noise_alpha = 5\n[lora]\nrank_pattern = {}\n", "x")
    assert not {"torch", "transformers", "trl", "peft"} & (set(sys.modules) - before)


def test_an_unknown_table_is_named_with_the_nearest_right_one() -> None:
    assert (
        only(MINIMAL + "[trian]\na = 1\n") == "triage.toml:5: [trian] is not a table of a recipe; did you mean [train]?"
    )


def test_an_option_in_the_wrong_table_or_in_none_is_sent_home() -> None:
    assert only(MINIMAL + "[train]\nr = 8\n") == "triage.toml:6: train.r is not an option; it belongs in [lora]"
    assert "it belongs in [train]" in only("learning_rate = 1\n" + MINIMAL)


def test_an_old_name_is_answered_with_the_new_one() -> None:
    assert only(MINIMAL + "[train]\nmax_seq_length = 8\n").endswith("it is called max_length")
    assert "warmup_steps" in only(MINIMAL + "[train]\nwarmup_ratio = 0.1\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('seed = "a"', 'train.seed must be a whole number, not "a"'),
        ("seed = true", "train.seed must be a whole number, not true"),
        ("seed = 1.5", "train.seed must be a whole number, not 1.5"),
        ("packing = 1", "train.packing must be true or false, not 1"),
        ("learning_rate = true", "train.learning_rate must be a number, not true"),
        ("learning_rate = -1", "train.learning_rate must be 0 or more and at most 1, not -1"),
        ("learning_rate = nan", "train.learning_rate must be 0 or more and at most 1, not nan"),
        ("num_train_epochs = 0", "train.num_train_epochs must be above 0, not 0"),
        ("num_train_epochs = inf", "train.num_train_epochs must be above 0, not inf"),
        ("eval_strategy = 'never'", 'train.eval_strategy must be one of no, steps, epoch, not "never"'),
    ],
)
def test_a_value_of_the_wrong_type_or_out_of_bounds_is_said_with_what_is_allowed(line: str, said: str) -> None:
    assert only(MINIMAL + f"[train]\n{line}\n") == f"triage.toml:6: {said}"


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("[lora]\nlora_dropout = 1.0", "lora.lora_dropout"),
        ("[lora]\ntarget_modules = []", "lora.target_modules"),
        ("[lora]\ntarget_modules = 'q_proj'", "lora.target_modules"),
        ("[lora]\ntarget_modules = '*_proj'", "lora.target_modules"),
        ("[lora]\ntarget_modules = ['q_proj', 3]", "lora.target_modules"),
        ("[lora]\ntarget_modules = ['q_proj', 'lm_head']", "lora.target_modules"),
        ("[lora]\ninit_lora_weights = 'pizza'", "lora.init_lora_weights"),
        ("[lora]\ninit_lora_weights = 'pissa_niter_0'", "lora.init_lora_weights"),
        ("[lora]\ninit_lora_weights = 'loftq'", "lora.init_lora_weights"),
        ("[lora]\ninit_lora_weights = 'olora'\n[quantization]\nload_in_8bit = true", "lora.init_lora_weights"),
        ("[lora]\ninit_lora_weights = 'orthogonal'\nr = 9", "lora.init_lora_weights"),
        ("[lora]\ninit_lora_weights = 'pissa'\nuse_rslora = true\nrank_pattern = {q = 4}", "lora.init_lora_weights"),
        ("[lora]\ninit_lora_weights = 'eva'\nrank_pattern = {q = 4}", "lora.rank_pattern"),
        ("[lora]\nuse_dora = true\nlora_bias = true", "lora.use_dora"),
        ("[lora]\nrank_pattern = 'q_proj'", "lora.rank_pattern"),
        ("[lora]\nrank_pattern = {'q_proj(' = 8}", "lora.rank_pattern"),
        ("[lora]\nalpha_pattern = {q_proj = 'much'}", "lora.alpha_pattern"),
        ("[lora]\ninit_lora_weights = 'gaussian'\nlora_bias = true", "lora.lora_bias"),
        ("[lora]\nlayers_to_transform = [1]", "lora.layers_to_transform"),
        ("[lora]\ntarget_modules = ['all-linear']", "lora.target_modules"),
        ("[lora]\ntarget_modules = ['q_proj']\nmodules_to_save = ['q_proj']", "lora.modules_to_save"),
        ("[ia3]\ntarget_modules = ['k_proj']", "ia3.target_modules"),
        ("[method]\nadapter = 'ia3'\n[lora]\nr = 32\nuse_dora = true", "lora.r"),
        ("[method]\nadapter = 'ia3'\n[lora]\ninit_lora_weights = 'pissa'", "lora.init_lora_weights"),
        ("[method]\nadapter = 'ia3'\nloraplus_lr_ratio = 16", "method.loraplus_lr_ratio"),
        (
            "[method]\nadapter = 'ia3'\n[ia3]\ntarget_modules = ['k_proj']\nfeedforward_modules = ['down_proj']",
            "ia3.feedforward_modules",
        ),
        ("[train]\nneftune_noise_alpha = 'five'", "train.neftune_noise_alpha"),
        ("[train]\ntf32 = 1", "train.tf32"),
        ("[quantization]\nllm_int8_enable_fp32_cpu_offload = 'no'", "quantization.llm_int8_enable_fp32_cpu_offload"),
        ("[lora]\nfan_in_fan_out = 'yes'", "lora.fan_in_fan_out"),
        ("[train]\noptim = 'adamw_8bits'", "train.optim"),
        ("[train]\npacking = true\npacking_strategy = 'bdf'", "train.packing_strategy"),
        ("[train]\npadding_free = true", "train.padding_free"),
        ("[train]\nloss_type = 'sum'", "train.loss_type"),
        ("[train]\nreport_to = 5", "train.report_to"),
        ("[train]\ndataloader_prefetch_factor = 2", "train.dataloader_prefetch_factor"),
        ("[quantization]\nload_in_8bit = true\nllm_int8_threshold = 6", "quantization.llm_int8_threshold"),
        ("[method]\nearly_stopping_threshold = 0.1", "method.early_stopping_threshold"),
        (
            "[train]\neval_strategy = 'steps'\nsave_strategy = 'steps'\neval_steps = 3\nsave_steps = 4\n"
            "load_best_model_at_end = true",
            "train.save_steps",
        ),
        ("[evaluate]\nalpha = 0", "evaluate.alpha"),
        ("[evaluate]\nalpha = 1", "evaluate.alpha"),
        ("[evaluate]\nmetric = 'exact'", "evaluate.metric"),
        ("[prompt]\nfew_shot = [0, -1]", "prompt.few_shot"),
        ("[prompt]\nfew_shot = [6, 6]", "prompt.few_shot"),
        ("[prompt]\nfew_shot = []", "prompt.few_shot"),
        ("[quantization]\nload_in_4bit = true\nload_in_8bit = true", "quantization.load_in_8bit"),
        ("[train]\nbf16 = true\nfp16 = true", "train.fp16"),
        ("[train]\neval_strategy = 'steps'", "train.eval_strategy"),
        ("[train]\nsave_strategy = 'steps'", "train.save_strategy"),
        ("[train]\neval_strategy = 'no'\n[method]\nearly_stopping_patience = 2", "method.early_stopping_patience"),
        ("[launch]\ndevice = 'gpu'", "launch.device"),
    ],
)
def test_what_cannot_be_run_is_said_at_its_key(lines: str, key: str) -> None:
    assert f" {key} " in only(f"{MINIMAL}{lines}\n")


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("validation_fraction = 0.5\ntest_fraction = 0.5", "data.test_fraction"),
        ("validation_fraction = 0", "train.eval_strategy"),
        ("prompt_column = 'q'", "data.prompt_column"),
        ("test = 'train.jsonl'", "data"),
    ],
)
def test_rows_that_cannot_be_split_are_said_at_their_key(lines: str, key: str) -> None:
    assert f" {key} " in only(f"{MINIMAL}{lines}\n")


def test_fractions_do_not_count_where_there_are_files() -> None:
    parse(MINIMAL + "test = 'test.jsonl'\ntest_fraction = 0.9\nvalidation_fraction = 0.5\n", "x")


def test_an_objective_that_cannot_be_trained_yet_is_refused_in_words() -> None:
    assert only(MINIMAL + "[method]\nobjective = 'dpo'\n").endswith(
        'method.objective can only be sft so far, not "dpo"'
    )


@pytest.mark.parametrize(
    "key",
    [
        "output_dir",
        "hub_token",
        "push_to_hub",
        "do_train",
        "model_init",
        "auto_find_batch_size",
        "logging_nan_inf_filter",
    ],
)
def test_what_the_workbench_owns_is_refused_by_name_with_the_reason(key: str) -> None:
    said = only(MINIMAL + f"[train]\n{key} = true\n")
    assert said.startswith(f"triage.toml:6: train.{key} is not taken: ")
    assert len(said) > len(f"triage.toml:6: train.{key} is not taken: ") + 10


def test_every_problem_is_said_at_once() -> None:
    text = '[train]\nlearning_rat = 1\nseed = "x"\n[trian]\n'
    said = " | ".join(problems(text))
    for part in ("learning_rat ", "train.seed", "[trian]", "model.model_id is missing", "data.train is missing"):
        assert part in said


def test_broken_toml_is_said_with_line_and_column() -> None:
    assert only('[model]\nmodel_id = "pocket\n').startswith("triage.toml:2:19: is not TOML: ")


def test_a_line_inside_a_long_prompt_is_not_taken_for_an_option() -> None:
    text = MINIMAL + '[prompt]\nsystem = """\nseed = "no"\n[train]\n"""\nseed = "x"\n'
    assert only(text).startswith("triage.toml:10: prompt.seed")


def test_an_escape_in_a_recipe_does_not_reach_the_message_raw() -> None:
    said = only(MINIMAL + '[train]\n"\\u001b]52;c;x\\u0007" = 1\neval_strategy = "epoch"\n')
    assert "\x1b" not in said
    assert "\x07" not in said


def test_files_are_looked_for_beside_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").touch()
    (tmp_path / "folder").mkdir()
    extra = 'test = "test.jsonl"\nvalidation = "folder"\n[evaluate]\nregression = ["skills.jsonl", "folder"]\n'
    missing, folder, suite = sorted(in_folder(tmp_path, MINIMAL + extra), key=lambda text: text.split(":")[1])[:3]
    said = f"{missing}\n{folder}\n{suite}"
    assert "data.test test.jsonl: there is no such file" in said
    assert "data.validation" not in said  # a folder of files is data, too
    assert "evaluate.regression folder: is a folder, not a file" in said
    assert "evaluate.regression skills.jsonl: there is no such file" in said


@pytest.mark.parametrize("model_id", ["./model", "/no/such/model", "a/b/c", "~/no-such-model", "two words", ""])
def test_a_model_that_is_neither_here_nor_a_hub_id_is_an_error(tmp_path: Path, model_id: str) -> None:
    (tmp_path / "train.jsonl").touch()
    (said,) = in_folder(tmp_path, MINIMAL.replace("pocket", model_id))
    assert "model.model_id" in said


@pytest.mark.parametrize("model_id", ["pocket", "gpt2", "meta-llama/Meta-Llama-3-8B-Instruct", "./here", "here"])
def test_a_hub_id_the_embedded_model_and_a_folder_with_a_model_are_taken(tmp_path: Path, model_id: str) -> None:
    (tmp_path / "train.jsonl").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "config.json").write_text("{}")
    (tmp_path / "triage.toml").write_text(MINIMAL.replace("pocket", model_id))
    assert load(tmp_path / "triage.toml").model.model_id == model_id


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").touch()
    (tmp_path / "here").mkdir()
    (said,) = in_folder(tmp_path, MINIMAL.replace("pocket", "here"))
    assert "no config.json" in said


def test_overrides_are_toml_or_else_text(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").touch()
    (tmp_path / "triage.toml").write_text(MINIMAL + '[train]\npacking = true\n[prompt]\nsystem = "old"\n')
    overrides = [
        "train.learning_rate=0",
        "prompt.few_shot=[0]",
        "lora.target_modules=.*q_proj",
        "model.revision=1234567",
    ]
    overrides += ["prompt.system=Answer = short.", "train.packing=", "launch.device='cpu'"]
    recipe = load(tmp_path / "triage.toml", overrides)
    assert (recipe.train.learning_rate, recipe.prompt.few_shot) == (0, (0,))
    assert (recipe.lora.target_modules, recipe.model.revision) == (".*q_proj", "1234567")
    assert (recipe.prompt.system, recipe.train.packing, recipe.launch.device) == ("Answer = short.", None, "cpu")


def test_an_override_that_is_wrong_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").touch()
    said = in_folder(tmp_path, MINIMAL, "train.learning_rate=2", "nonsense", "train.foo=1", "nowhere.x=1")
    assert said[0] == "--set nonsense: say TABLE.OPTION=VALUE, as train.learning_rate=1e-4"
    assert all(text.startswith(("--set", "triage.toml: [nowhere]")) for text in said)
    assert len(said) == 4


def test_a_file_that_is_no_text_or_not_there_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"[model]\n\xff\xfe")
    for name in ("bad.toml", "none.toml"):
        with pytest.raises(InputError, match=name):
            load(tmp_path / name)


def test_a_value_that_smuggles_in_another_line_stays_one_text() -> None:
    assert value_of("1\nother = 2") == "1\nother = 2"
    assert value_of("[1, 2]") == [1, 2]
    assert value_of("plain words") == "plain words"
