"""A run that is copied, pickled or handed to another process: real processes of every kind."""

from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

import recorder_process
from packaging_rig import RECORDER_PYTHONS, find_python
from recorder_log import Log
from runferry.recorder import children

posix = pytest.mark.skipif(os.name != "posix", reason="signals and fork are POSIX")


class Trainer:
    """What carries a run about."""

    def __init__(self, run: Any) -> None:
        self.run, self.log, self.config = run, run.log, run.config


def test_in_one_process_a_run_is_one_object(start: Any) -> None:
    run = start(config={"lr": 0.1})
    assert copy.copy(run) is run
    assert copy.deepcopy(run) is run
    assert pickle.loads(pickle.dumps(run)) is run
    for made in (copy.deepcopy(Trainer(run)), pickle.loads(pickle.dumps(Trainer(run))), copy.copy(Trainer(run))):
        assert made.run is run
        made.log({"x": 1})
    assert run.step == 3
    run.finish()
    assert copy.deepcopy(run) is run


def test_a_run_of_another_process_that_is_over_or_disabled(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, disabled = start(), start(mode="disabled", reinit="create_new")
    ended.finish()
    texts = pickle.dumps(ended), pickle.dumps(disabled)
    monkeypatch.setattr(children, "_here", {})
    for text in texts:
        run = pickle.loads(text)
        run.log({"x": 1})
        run.summary["x"] = 2
        run.config.x = 3
        run.define_metric("x")
        run.alert("x")
        run.name = "x"
        assert run.save(__file__) == []
        run.finish()
    assert len(list(Path.cwd().glob("wandb/offline-run-*"))) == 1


WORK = """
import multiprocessing, os, sys, time
import runferry
class Trainer:
    def __init__(self, run): self.run, self.log = run, run.log
def work(trainer, name='val'):
    run = trainer.run
    assert run.config.lr == 0.1 and run.summary['loss'] == 2 and run.id == 'parent'
    assert run.name == 'shown' and run.project == 'p' and os.path.isdir(run.dir)
    trainer.log({name: 1})
    run.log({name: 2})
    run.summary['mine'] = name
    run.config.update({'own': name}, allow_val_change=True)
    run.alert('done', name)
    open(name + '.txt', 'w').write(name)
    assert len(run.save(name + '.txt')) == 1
    print('printed by the child')
def fails(trainer):
    trainer.log({'val': 1})
    raise ValueError('in the child')
def nothing(trainer):
    assert trainer.run.config['lr'] == 0.1
def main():
    run = runferry.init(project='p', id='parent', name='shown', config={'lr': 0.1}, settings={'quiet': True})
    run.define_metric('val', summary='max')
    for step in range(5): run.log({'loss': step / 2})
    return run
"""


def logs(place: Path) -> tuple[Log, list[Log]]:
    """The run's own log, and those of its parts, oldest first."""
    folders = sorted(place.glob("wandb/offline-run-*-parent"))
    whole = [one for one in folders if "part_of" not in json.loads((one / "runferry.json").read_text())]
    parts = [one for one in folders if one not in whole]
    assert len(whole) == 1
    for one in parts:
        assert json.loads((one / "runferry.json").read_text())["part_of"] == whole[0].name
    return Log(whole[0] / "run-parent.wandb"), [Log(one / "run-parent.wandb") for one in parts]


@posix
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_records_its_part(tmp_path: Path, method: str) -> None:
    code = (
        WORK
        + f"""
if __name__ == '__main__':
    run = main()
    child = multiprocessing.get_context('{method}').Process(target=work, args=(Trainer(run),))
    child.start(); child.join(60)
    assert child.exitcode == 0, child.exitcode
    run.log({{'loss': 9}})
    run.finish()
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    whole, (part,) = logs(tmp_path)
    assert [row["_step"] for row in whole.rows] == list(range(6))
    assert part.metrics() == [{"val": 1}, {"val": 2}]
    assert [row["_step"] for row in part.rows] == [5, 6]
    assert part.rows[0]["_runtime"] >= whole.rows[4]["_runtime"]
    assert (part.summary["mine"], part.summary["val"]) == ("val", {"max": 2})
    assert "loss" not in part.summary
    assert part.config == {"_wandb": {}, "own": "val"}
    assert part.all("run")[0].display_name == ""
    assert part.exit_code == 0
    assert part.kinds[-1] == "exit"
    assert [one.title for one in part.all("alert")] == ["done"]
    assert [item.path for one in part.all("files") for item in one.files] == ["val.txt"]
    assert "own" not in whole.config
    assert "printed by the child" in done.stdout
    assert os.readlink(tmp_path / "wandb" / "latest-run") == next(
        one.name for one in tmp_path.glob("wandb/off*") if "part_of" not in (one / "runferry.json").read_text()
    )
    (folder,) = (one for one in tmp_path.glob("wandb/off*") if "part_of" in (one / "runferry.json").read_text())
    assert [one.name for one in (folder / "files").iterdir()] == ["val.txt"]


@posix
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_that_fail_or_record_nothing(tmp_path: Path, method: str) -> None:
    code = (
        WORK
        + f"""
if __name__ == '__main__':
    run = main()
    for target, code in ((fails, 1), (nothing, 0)):
        child = multiprocessing.get_context('{method}').Process(target=target, args=(Trainer(run),))
        child.start(); child.join(60)
        assert child.exitcode == code, child.exitcode
    run.finish()
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    whole, (part,) = logs(tmp_path)
    assert (whole.exit_code, part.exit_code) == (0, 1)
    assert part.metrics() == [{"val": 1}]


@posix
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_run_that_a_child_begins_itself_ends_with_the_child(tmp_path: Path, method: str) -> None:
    code = f"""
import multiprocessing, runferry
def own(code):
    runferry.init(project='p', id=f'own{{code}}', settings={{'quiet': True}}).log({{'x': 1}})
    if code == 1: raise ValueError('in the child')
    raise SystemExit(code)
if __name__ == '__main__':
    for code in (0, 1, 7):
        child = multiprocessing.get_context('{method}').Process(target=own, args=(code,))
        child.start(); child.join(60)
        assert child.exitcode == code, child.exitcode
"""
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    for code, outcome in ((0, "finished"), (1, "failed"), (7, "failed")):
        (folder,) = tmp_path.glob(f"wandb/offline-run-*-own{code}")
        assert Log(folder / f"run-own{code}.wandb").exit_code == code
        assert json.loads((folder / "runferry.json").read_text())["outcome"] == outcome


@posix
def test_the_current_run_is_there_in_a_forked_child(tmp_path: Path) -> None:
    code = (
        WORK
        + """
def task(number):
    runferry.run.log({'task': number})
if __name__ == '__main__':
    run = main()
    child = multiprocessing.get_context('fork').Process(target=task, args=(1,))
    child.start(); child.join(60)
    assert child.exitcode == 0, child.exitcode
    run.finish()
    assert runferry.run is None
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    _, (part,) = logs(tmp_path)
    assert part.metrics() == [{"task": 1}]


@posix
def test_a_pool_whose_workers_get_the_run_with_every_task(tmp_path: Path) -> None:
    code = (
        WORK
        + """
def task(given):
    run, number = given
    run.log({'task': number})
    return os.getpid()
if __name__ == '__main__':
    run = main()
    pool = multiprocessing.get_context('spawn').Pool(2)
    workers = set(pool.map(task, [(run, number) for number in range(12)], chunksize=1))
    pool.close(); pool.join()
    print('WORKERS', len(workers))
    run.finish()
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    _, parts = logs(tmp_path)
    assert f"WORKERS {len(parts)}" in done.stdout
    assert sorted(row["task"] for part in parts for row in part.metrics()) == list(range(12))


@posix
def test_a_fork_by_hand_in_the_middle_of_a_row(tmp_path: Path) -> None:
    code = (
        WORK
        + """
run = main()
run.log({'open': 1}, commit=False)
run.summary['set'] = 1
pid = os.fork()
if pid == 0:
    run.log({'val': 3})
    with run:
        run.log({'val': 4})
    run.log({'late': 1})
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
run.log({'more': 1})
run.finish()
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    whole, (part,) = logs(tmp_path)
    assert whole.metrics()[-1] == {"open": 1, "more": 1}
    assert part.metrics() == [{"val": 3}, {"val": 4}]
    assert "set" not in part.summary
    assert part.exit_code == 0


@posix
def test_a_child_of_a_child_and_a_disk_that_refuses(tmp_path: Path) -> None:
    code = (
        WORK
        + """
def deeper(trainer):
    trainer.log({'val': 1})
    child = multiprocessing.get_context('spawn').Process(target=work, args=(trainer, 'deep'))
    child.start(); child.join(60); sys.exit(child.exitcode)
def refused(trainer):
    from runferry.recorder import folder
    def refuse(*given): raise OSError(28, 'full')
    folder.make = refuse
    for value in range(3): trainer.log({'val': value})
    trainer.run.config.x = 1
    trainer.run.finish()
if __name__ == '__main__':
    run = main()
    for target in (deeper, refused):
        child = multiprocessing.get_context('spawn').Process(target=target, args=(Trainer(run),))
        child.start(); child.join(60)
        print('ENDED', child.exitcode)
    run.finish()
"""
    )
    done = recorder_process.run(tmp_path, code)
    assert done.stdout.count("ENDED 0") == 2, done.stderr
    _, parts = logs(tmp_path)
    assert [part.metrics() for part in parts] == [[{"val": 1}], [{"deep": 1}, {"deep": 2}]]
    assert [row["_step"] for row in parts[1].rows] == [6, 7]
    assert done.stderr.count("nothing of this run is recorded") == 1


@posix
@pytest.mark.parametrize("version", [RECORDER_PYTHONS[0], RECORDER_PYTHONS[-1]])
def test_the_oldest_and_newest_python(tmp_path: Path, version: str) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed here")
    code = (
        WORK
        + """
if __name__ == '__main__':
    run = main()
    child = multiprocessing.get_context('spawn').Process(target=work, args=(Trainer(run),))
    child.start(); child.join(60)
    run.finish()
    sys.exit(child.exitcode)
"""
    )
    done = recorder_process.run(tmp_path, code, str(python))
    assert done.returncode == 0, done.stderr
    assert logs(tmp_path)[1][0].metrics() == [{"val": 1}, {"val": 2}]
