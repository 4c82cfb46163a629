from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import TEMPLATE, make_tokenizer, rows

from ftworkbench.data.example import Example
from ftworkbench.errors import InputError
from ftworkbench.worker.dropped import left_out
from ftworkbench.worker.row_faults import faults_of, stop_is_trained
from ftworkbench.worker.template import RenderError, Template, mend_pad, open_template, require_end
from ftworkbench.worker.tokens import IGNORED, Encoded, encode, encode_all

TALKS: list[list[dict[str, Any]]] = [
    *(row["messages"] for row in rows(5)),
    [
        {"role": "system", "content": "Be kind. 🙂"},
        {"role": "user", "content": "Grüße aus Köln, 你好"},
        {"role": "assistant", "content": "Hello 🙂!"},
        {"role": "user", "content": "and <b>now</b>?\n\n"},
        {"role": "assistant", "content": "  spaces at both ends  "},
    ],
    [{"role": "user", "content": "x"}, {"role": "assistant", "content": "🙂🙂"}],
]


@pytest.fixture(scope="module")
def template() -> Template:
    tokenizer = make_tokenizer()
    return open_template(tokenizer, frozenset({tokenizer.eos_token_id}), "tiny")


def _example(messages: list[dict[str, Any]]) -> Example:
    return Example(tuple(messages))


def test_the_trainers_batches_hold_exactly_what_is_shown(template: Template, tmp_path: Path) -> None:
    """TRL's own tokenizing of the chats, and its collator, against ours, token for token."""
    from datasets import Dataset
    from trl.data_utils import is_conversational
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling, SFTTrainer

    class Args:
        dataset_num_proc = None
        dataset_text_field = "text"
        assistant_only_loss = True
        max_length = 40
        truncation_mode = "keep_start"
        shuffle_dataset = False

    chats = Dataset.from_list([{"messages": talk} for talk in TALKS])
    assert is_conversational(chats[0])
    trainer = SFTTrainer.__new__(SFTTrainer)
    trainer._tokenizer, trainer.chat_template, trainer.completion_only_loss = template.tokenizer, None, False
    theirs = trainer._prepare_dataset(chats, template.tokenizer, Args(), False, None, "train")
    ours = [encode(_example(talk), template, None, 40) for talk in TALKS]
    ours = [each for each in ours if any(label != IGNORED for label in each.labels)]
    prepared = Dataset.from_list([{"input_ids": e.input_ids, "labels": e.labels} for e in ours])
    kept = trainer._prepare_dataset(prepared, template.tokenizer, Args(), False, None, "train")
    collate = DataCollatorForLanguageModeling(pad_token_id=template.tokenizer.pad_token_id)
    batch = collate([kept[index] for index in range(len(kept))])
    expected = collate([theirs[index] for index in range(len(theirs))])
    assert batch["input_ids"].tolist() == expected["input_ids"].tolist()
    assert batch["labels"].tolist() == expected["labels"].tolist()
    for row, each in enumerate(ours):
        assert batch["labels"][row][: len(each.labels)].tolist() == each.labels


def test_pieces_spell_the_whole_conversation_and_say_what_becomes_of_each_token(template: Template) -> None:
    for talk in TALKS:
        found = encode(_example(talk), template, None, 30)
        assert "".join(piece.text for piece in found.pieces) == found.text
        states = [piece.state for piece in found.pieces]
        assert states[30:] == ["cut"] * max(len(states) - 30, 0)
        kept = [label != IGNORED for label in found.labels]
        assert [state == "trained" for state in states[:30]] == kept
    ends = [piece for piece in encode(_example(TALKS[0]), template).pieces if piece.special == "<|im_end|>"]
    assert [piece.state for piece in ends] == ["masked", "trained"]


def test_only_answers_are_trained_each_with_its_end(template: Template) -> None:
    found = encode(_example(TALKS[5]), template)
    trained = "".join(piece.text for piece in found.pieces if piece.state == "trained")
    assert trained == "Hello 🙂!<|im_end|>  spaces at both ends  <|im_end|>"


def test_a_turn_of_weight_0_is_not_trained(template: Template) -> None:
    talk = [dict(message) for message in TALKS[5]]
    talk[2]["weight"] = 0
    found = encode(_example(talk), template)
    trained = "".join(piece.text for piece in found.pieces if piece.state == "trained")
    assert trained == "  spaces at both ends  <|im_end|>"


def test_the_recipes_system_prompt_takes_the_place_of_the_rows_own(template: Template) -> None:
    found = encode(_example(TALKS[5]), template, "Short.")
    assert found.text.startswith("<|im_start|>system\nShort.<|im_end|>")
    assert "Be kind" not in found.text


def test_a_template_without_marks_masks_the_same_tokens(template: Template) -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = TEMPLATE.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    plain = open_template(tokenizer, template.ends, "tiny")
    for talk in TALKS:
        with_marks, without = encode(_example(talk), template), encode(_example(talk), plain)
        assert with_marks.input_ids == without.input_ids
        # The new line that the template puts after an answer is all that the marks leave out.
        extra = [i for i, (a, b) in enumerate(zip(with_marks.labels, without.labels, strict=True)) if a != b]
        assert {without.pieces[index].text for index in extra} <= {"\n"}


def test_a_model_without_a_chat_template_is_an_error_that_says_what_to_do() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = None
    with pytest.raises(InputError, match="instruct"):
        open_template(tokenizer, frozenset({1}), "tiny")


def test_a_template_that_trains_no_end_is_refused() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = TEMPLATE.replace(
        "{{ message['content'] + '<|im_end|>' }}{% endgeneration %}",
        "{{ message['content'] }}{% endgeneration %}{{ '<|im_end|>' }}",
    )
    template = open_template(tokenizer, frozenset({tokenizer.eos_token_id}), "tiny")
    with pytest.raises(InputError, match="never learn to stop: the chat template puts no end token"):
        require_end(template, answer_only=True)


def test_an_end_at_which_generation_does_not_stop_is_refused_with_the_line_that_mends_it() -> None:
    tokenizer = make_tokenizer()
    template = open_template(tokenizer, frozenset({tokenizer.convert_tokens_to_ids("<|im_start|>")}), "tiny")
    with pytest.raises(InputError, match=r'eos_token = "<\|im_end\|>" in \[train\]'):
        require_end(template, answer_only=True)


def test_a_sound_template_gives_its_end_token(template: Template) -> None:
    assert require_end(template, answer_only=True) == template.tokenizer.eos_token_id


def test_a_pad_token_that_ends_answers_is_mended_and_said() -> None:
    tokenizer = make_tokenizer()
    tokenizer.pad_token = "<|im_end|>"
    said: list[str] = []
    mend_pad(tokenizer, frozenset({tokenizer.eos_token_id}), said.append)
    assert tokenizer.pad_token == "<|pad|>"
    assert "also ends an answer" in said[0]
    mend_pad(tokenizer, frozenset({tokenizer.eos_token_id}), said.append)
    assert len(said) == 1


def test_a_template_that_refuses_a_role_says_so() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = "{{ raise_exception('System role not supported') }}"
    template = Template(tokenizer, frozenset({1}))
    with pytest.raises(RenderError, match="System role not supported"):
        encode(_example(TALKS[0]), template)


def test_turns_that_a_template_drops_are_noticed() -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = TEMPLATE.replace("in messages -%}", "in messages if message['role'] != 'tool' -%}")
    template = open_template(tokenizer, frozenset({tokenizer.eos_token_id}), "tiny")
    talk = [*TALKS[0][:1], {"role": "tool", "content": "42 degrees"}, *TALKS[0][1:]]
    assert left_out(template, talk, encode(_example(talk), template).text) == ["tool"]


def test_prompts_end_where_the_assistant_begins(template: Template) -> None:
    ids = template.prompt(TALKS[0][:1])
    whole = encode(_example(TALKS[0]), template)
    assert whole.input_ids[: len(ids)] == ids
    assert all(label == IGNORED for label in whole.labels[: len(ids)])
    assert whole.labels[len(ids)] != IGNORED


def test_raw_text_is_learned_whole_as_trl_learns_a_text_column(tmp_path: Path) -> None:
    from datasets import Dataset
    from tokenizers.processors import TemplateProcessing
    from trl.trainer.sft_trainer import SFTTrainer

    class Args:
        dataset_num_proc = None
        dataset_text_field = "text"
        assistant_only_loss = False
        max_length = 40
        truncation_mode = "keep_start"
        shuffle_dataset = False

    texts = ["  red as a rose 🙂\n", "ended<|im_end|>", "<|im_start|>x", "the sea " * 20]
    tokenizer = make_tokenizer()
    start = ("<|im_start|>", tokenizer.convert_tokens_to_ids("<|im_start|>"))
    for begins in (False, True):
        if begins:  # as the tokenizers do that put a first token before every text
            single = TemplateProcessing(single="<|im_start|> $A", special_tokens=[start])
            tokenizer.backend_tokenizer.post_processor = single
        trainer = SFTTrainer.__new__(SFTTrainer)
        trainer._tokenizer, trainer.chat_template, trainer.completion_only_loss = tokenizer, None, False
        chats = Dataset.from_dict({"text": texts})
        theirs = trainer._prepare_dataset(chats, tokenizer, Args(), False, None, "train")
        template = Template(tokenizer, frozenset({tokenizer.eos_token_id}))
        raw = [_example([{"role": "text", "content": text}]) for text in texts]
        mixed = encode_all([raw[0], _example(TALKS[0]), *raw[1:]], template, "Be kind.", 40)
        assert isinstance(mixed[1], Encoded)
        assert "Be kind." in mixed[1].text
        ours = [each for each in (mixed[0], *mixed[2:]) if isinstance(each, Encoded)]
        assert [each.input_ids for each in ours] == [row["input_ids"] for row in theirs]
        assert all(each.labels == each.input_ids for each in ours)
        assert [each.input_ids[0] == start[1] for each in ours[:2]] == [begins, begins]
        assert [len(each.cut) > 0 for each in ours] == [False, False, False, True]
        assert faults_of(raw[0], ours[0], template, "Be kind.", 40) == []
        assert faults_of(raw[3], ours[3], template, None, 40)[0][0] == "cut"


def test_whether_the_end_is_trained_is_told_past_what_a_template_writes_after_it(template: Template) -> None:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = TEMPLATE.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    plain = open_template(tokenizer, template.ends, "tiny")  # the new line after each turn is trained too
    for opened in (template, plain):
        whole = encode(_example(TALKS[5]), opened)
        assert stop_is_trained(whole, opened)
        last = max(place for place, piece in enumerate(whole.pieces) if piece.special == "<|im_end|>")
        assert stop_is_trained(encode(_example(TALKS[5]), opened, None, last + 1), opened)
        assert not stop_is_trained(encode(_example(TALKS[5]), opened, None, last), opened)
        assert not stop_is_trained(encode(_example(TALKS[5]), opened, None, 5), opened)
