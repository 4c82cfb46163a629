from pathlib import Path

from ftworkbench.evaluate.outputs import Output, append_outputs, read_outputs, write_outputs

ONE = Output("r1", ({"role": "user", "content": "\x1b[2J \ud800 ü"},), "yes", "no", "length", 7, 0.5)
TWO = Output("r2", (), "a", "b")


def test_outputs_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "outputs" / "test.tuned.jsonl"
    write_outputs(path, [ONE, TWO])
    assert read_outputs(path) == [ONE, TWO]
    assert b"\x1b" not in path.read_bytes()
    write_outputs(path, [TWO])
    assert read_outputs(path) == [TWO]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_line_that_a_crash_cut_short_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "outputs.jsonl"
    append_outputs(path, [ONE, TWO])
    path.write_bytes(path.read_bytes()[:-10])
    assert read_outputs(path) == [ONE]
    append_outputs(path, [TWO])
    assert read_outputs(path) == [ONE, TWO]


def test_fields_of_a_newer_version_are_left_out_and_no_file_is_no_outputs(tmp_path: Path) -> None:
    path = tmp_path / "outputs.jsonl"
    path.write_text('{"row": "r", "messages": [], "reference": "a", "answer": "b", "mood": 1}\nnull\n')
    assert read_outputs(path) == [Output("r", (), "a", "b")]
    assert read_outputs(tmp_path / "none.jsonl") == []
