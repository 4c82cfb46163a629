import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ftworkbench
from ftworkbench.errors import JobError
from ftworkbench.jobs import launch
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.follow import follow
from ftworkbench.jobs.launch import resume, stop, submit
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.machine import Card, Machine, process_start
from ftworkbench.recipe.read import parse
from ftworkbench.workspace import Workspace

# A worker that does as its job's args say, and talks as the real one does.
STAND_IN = """
import os, signal, subprocess, sys, time
from pathlib import Path
from ftworkbench.jobs.events import EventLog
from ftworkbench.files import write_json
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.jobs.state import own_state, read_state, write_state

job = Job(Path(sys.argv[1]))
args = read_manifest(job)["args"]
attempt = read_state(job).attempt
log = EventLog(job.events, attempt)

def enter(phase, why=""):
    write_state(job, own_state(phase, attempt, why))
    log.emit("phase", phase=phase, why=why)

print("started in", os.getcwd(), "visible", os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
print("stdin is", repr(sys.stdin.read()), "session of its own:", os.getsid(0) == os.getpid(), flush=True)
if args.get("deaf"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time, signal; signal.signal(signal.SIGTERM, "
                              "signal.SIG_IGN); time.sleep(600)"])
    (job.path / "child").write_text(str(child.pid))
enter("running")
steps = args.get("steps", 3)
for step in range(1, steps + 1):
    log.emit("metric", step=step, values={"loss": 1 / step})
    if job.stop_file.exists() and not args.get("deaf"):
        enter("stopped", "as asked")
        sys.exit(0)
    if args.get("crash") and attempt == 1:
        raise RuntimeError("boom")
    time.sleep(args.get("pause", 0.0))
write_json(job.result, {"steps": steps})
enter("done")
"""

Submit = Callable[..., Job]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submit:
    code = tmp_path / "code"
    code.mkdir()
    (code / "standin.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(code), str(Path(ftworkbench.__file__).parents[1])]))
    root = tmp_path / "desk"
    root.mkdir()
    recipe = parse('[model]\nmodel_id = "pocket"\n[data]\ntrain = "train.jsonl"\n', "triage")

    def submit_stand_in(**args: Any) -> Job:
        return submit(Workspace(root), "train", recipe, args, hashes={"split": "ab"}, module="standin")

    return submit_stand_in


def wait_for(what: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def test_a_job_runs_in_a_session_of_its_own_and_can_be_followed_to_its_end(start: Submit) -> None:
    job = start()
    events = list(follow(job, poll=0.05))
    told = [event.fields.get("phase") or event.fields["step"] for event in events]
    assert told == ["running", 1, 2, 3, "done"]
    assert phase(job) == "done"
    log = job.log.read_text()
    assert f"started in {job.workspace.root.resolve()}" in log
    assert "stdin is '' session of its own: True" in log


def test_the_folder_says_all_that_the_run_depends_on(start: Submit) -> None:
    job = start()
    manifest = read_manifest(job)
    assert manifest["hashes"] == {"split": "ab"}
    assert manifest["seeds"] == {"train": 42, "data": 42, "prompt": 42}
    assert manifest["versions"]["transformers"]
    assert manifest["command"]
    assert parse(job.recipe.read_text(), "triage").model.model_id == "pocket"
    list(follow(job, poll=0.05))


def test_a_file_of_the_workspace_named_like_a_library_is_not_imported(start: Submit, tmp_path: Path) -> None:
    (tmp_path / "desk" / "json.py").write_text("raise RuntimeError('imported from the workspace')")
    job = start()
    list(follow(job, poll=0.05))
    assert phase(job) == "done", job.log.read_text()


def test_a_worker_that_died_is_lost_and_no_zombie_stays(start: Submit) -> None:
    job = start(pause=30)
    wait_for(lambda: phase(job) == "running")
    state = read_state(job)
    assert state is not None
    assert state.pid is not None
    os.kill(state.pid, signal.SIGKILL)
    wait_for(lambda: phase(job) == "lost")
    wait_for(lambda: not Path(f"/proc/{state.pid}").exists())


def test_the_worker_outlives_the_process_that_launched_it(start: Submit, tmp_path: Path) -> None:
    script = (
        "import os, signal, time\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "from pathlib import Path\nfrom ftworkbench.jobs.launch import submit\n"
        "from ftworkbench.recipe.read import parse\nfrom ftworkbench.workspace import Workspace\n"
        'recipe = parse(\'[model]\\nmodel_id = "pocket"\\n[data]\\ntrain = "t.jsonl"\\n\', "triage")\n'
        f"job = submit(Workspace(Path({str(tmp_path / 'desk')!r})), 'train', recipe, "
        "{'steps': 20, 'pause': 0.05}, hashes={}, module='standin')\n"
        "print(job.path, flush=True)\n"
        "time.sleep(0.3)\nos.kill(os.getpid(), signal.SIGHUP)\ntime.sleep(60)\n"
    )
    launcher = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert launcher.returncode == -signal.SIGHUP, launcher.stderr
    job = Job(Path(launcher.stdout.strip()))
    assert phase(job) in {"queued", "running"}
    assert [event.fields.get("step") for event in follow(job, poll=0.05)][-2] == 20
    assert phase(job) == "done"


def test_a_stop_lets_the_step_finish_and_the_job_can_go_on(start: Submit) -> None:
    job = start(steps=1000, pause=0.02)
    wait_for(lambda: phase(job) == "running")
    stop(job)
    events = list(follow(job, poll=0.05))
    assert events[-1].fields == {"phase": "stopped", "why": "as asked"}
    assert phase(job) == "stopped"
    with pytest.raises(JobError, match="does not run; it is stopped"):
        stop(job)

    assert resume(job) == job
    wait_for(lambda: phase(job) == "running")
    assert not job.stop_file.exists()
    with pytest.raises(JobError, match="stop it before you resume it"):
        resume(job)
    stop(job, now=True)
    assert phase(job) == "stopped"  # by the stop file or by SIGTERM, whichever it heard first
    state = read_state(job)
    assert state is not None
    assert state.attempt == 2


def test_stop_now_kills_a_worker_that_does_not_listen_and_its_children(start: Submit) -> None:
    job = start(deaf=True, pause=600)
    wait_for(lambda: phase(job) == "running" and (job.path / "child").exists())
    state = read_state(job)
    assert state is not None
    assert state.pid is not None
    child = int((job.path / "child").read_text())
    wait_for(lambda: process_start(child) is not None)
    time.sleep(0.3)  # until the child, too, is deaf
    stop(job, now=True, grace=0.5)
    assert process_start(state.pid) is None
    wait_for(lambda: process_start(child) is None)
    ended = read_state(job)
    assert ended is not None
    assert (ended.phase, ended.why) == ("stopped", "killed: it did not leave within 0.5 s")


def test_a_crash_is_lost_with_its_trace_in_the_log_and_goes_on_as_the_next_attempt(start: Submit) -> None:
    job = start(crash=True)
    wait_for(lambda: phase(job) == "lost")
    assert "boom" in job.log.read_text()
    resume(job)
    events = list(follow(job, poll=0.05))
    assert phase(job) == "done"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert {event.attempt for event in events} == {1, 2}
    with pytest.raises(JobError, match="is done"):
        resume(job)


def test_two_workbenches_that_resume_at_once_start_one_worker(start: Submit) -> None:
    job = start(crash=True, pause=0.2)
    wait_for(lambda: phase(job) == "lost")
    script = (
        "import sys\nfrom pathlib import Path\nfrom ftworkbench.errors import JobError\n"
        "from ftworkbench.jobs.folder import Job\nfrom ftworkbench.jobs.launch import resume\n"
        "sys.stdin.readline()\n"
        f"try:\n    resume(Job(Path({str(job.path)!r})))\n    print('resumed')\n"
        "except JobError as error:\n    print(error)\n"
    )
    command, pipe = [sys.executable, "-c", script], subprocess.PIPE
    benches = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    time.sleep(0.3)
    for bench in benches:
        assert bench.stdin
        bench.stdin.write("go\n")
        bench.stdin.flush()
    said = [bench.communicate(timeout=20)[0].strip() for bench in benches]
    said.remove("resumed")
    assert "stop it before you resume it" in said[0]
    assert {event.attempt for event in follow(job, poll=0.05)} == {1, 2}


@pytest.mark.parametrize(("cards", "device", "seen"), [(0, "cpu", "1"), (2, "cuda", "1"), (2, "cpu", "")])
def test_a_worker_on_the_cpu_sees_no_card(monkeypatch: pytest.MonkeyPatch, cards: int, device: str, seen: str) -> None:
    machine = Machine(2, 2**33, (Card("H100", 2**36, (9, 0)),) * cards)
    monkeypatch.setattr(launch, "this_machine", lambda: machine)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert launch.environment(device).get("CUDA_VISIBLE_DEVICES") == seen
