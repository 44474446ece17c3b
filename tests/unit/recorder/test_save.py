"""`save`: which files a pattern names, and what happens to those that are called like the run's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import recorder_process
from recorder_log import only_folder, only_log

posix = pytest.mark.skipif(os.name != "posix", reason="signals and fork are POSIX")


def saved(log: Any) -> list[str]:
    """Names that the log lists, but the recorder's own."""
    names = [one.path for record in log().all("files") for one in record.files]
    return [name for name in names if name != "requirements.txt"]


@posix
@pytest.mark.parametrize("folder", ["lr=[0.1,0.2] *", "plain", "a[b", "x?", "**", "[!a]"])
def test_the_folder_in_which_one_works_is_no_pattern(
    start: Any, log: Any, place: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    inner = place / folder / "d[1]"
    inner.mkdir(parents=True)
    monkeypatch.chdir(place / folder)
    run = start(dir=str(place))
    for name in ("ck-1.pt", "ck[2].pt", "d[1]/deep.pt", ".hidden"):
        Path(name).write_text(name)
    assert len(run.save("ck-*.pt")) == 1
    assert len(run.save(os.path.abspath("ck-1.pt"), base_path=os.getcwd())) == 1
    assert len(run.save("ck[2].pt")) == 1
    assert len(run.save("d[1]/*.pt")) == 1
    assert len(run.save(os.path.abspath("d[1]") + "/*.pt")) == 1
    assert len(run.save("**/*.pt")) == 3
    assert len(run.save(".hidden")) == 1
    assert len(run.save("ck[[]2].pt")) == 1
    assert run.save("ck[2].pt", glob=False) == [os.path.join(run.dir, "ck[2].pt")]
    run.finish()
    assert set(saved(log)) == {"ck-1.pt", "ck[2].pt", "d[1]/deep.pt", ".hidden"}


def test_a_name_that_is_both_takes_both(start: Any, place: Path) -> None:
    run = start()
    for name in ("c[12].pt", "c1.pt", "c2.pt", "c3.pt"):
        Path(name).write_text(name)
    assert [Path(one).name for one in run.save("c[12].pt")] == ["c1.pt", "c2.pt", "c[12].pt"]


@posix
def test_links_that_lead_in_circles_end(start: Any, place: Path) -> None:
    (place / "tree" / "deep").mkdir(parents=True)
    (place / "tree" / "deep" / "model.pt").write_text("x")
    for name in ("one", "two", "three"):
        (place / "tree" / name).symlink_to(place / "tree")
        (place / "tree" / "deep" / name).symlink_to("..")
    (place / "tree" / "self.pt").symlink_to("self.pt")
    (place / "tree" / "gone.pt").symlink_to("nowhere")
    os.mkfifo(place / "tree" / "pipe.pt")
    run = start()
    assert [Path(one).name for one in run.save("tree/**/*.pt")] == ["model.pt"]


def test_what_the_run_holds_itself_is_not_saved_into_it(start: Any, place: Path) -> None:
    run = start()
    (place / "a.txt").write_text("a")
    assert len(run.save("**/*")) == 1
    assert len(run.save("**/*")) == 1
    own = Path(run.dir) / "made.txt"
    own.write_text("made")
    assert run.save(str(own), base_path=run.dir) == [str(own)]


@posix
def test_odd_names_arrive_in_the_log(start: Any, log: Any, place: Path) -> None:
    names = ["a:b.txt", "ckpt 10:30:00.pt", "a:b/c.txt", "new\nline", "back\\slash", "ü ☃", "%41", "-x", "~"]
    run = start()
    for name in names:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(name)
        assert run.save(name) == [os.path.join(run.dir, name)]
    with open(b"n\xff.txt", "w", encoding="utf-8") as file:
        file.write("no UTF-8")
    (kept,) = run.save(os.fsdecode(b"n\xff.txt"))
    assert Path(kept).read_text() == "no UTF-8"
    run.finish()
    assert saved(log) == [*names, "n\\xff.txt"]


OWN = ["output.log", "config.yaml", "wandb-summary.json", "wandb-metadata.json", "requirements.txt", "Output.LOG"]
OWN += ["wandb-history.jsonl", "wandb-events.jsonl"]


def test_a_file_called_like_the_runs_own_is_neither_changed_nor_lost(tmp_path: Path) -> None:
    code = f"""
import time, runferry
names = {OWN!r}
for name in names: open(name, 'w').write('mine')
run = runferry.init(config={{'lr': 1}}, save_code=True)
for name in names: assert run.save(name) == [], name
assert run.save('*.yaml') == []
assert run.save('train.py', base_path='.')
import os
os.mkdir('code'); open('code/train.py', 'w').write('mine')
assert run.save('code/train.py') == []
print('printed')
run.log({{'loss': 1}})
run.finish()
for name in names: assert open(name).read() == 'mine', name
"""
    done = recorder_process.run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    for name in OWN:
        assert f"save: the run has a {name} of its own; yours is sent as saved/{name}" in done.stderr
    files = only_folder(tmp_path) / "files"
    listed = {one.path for record in only_log(tmp_path).all("files") for one in record.files}
    for name in [*OWN, "code/train.py"]:
        assert (files / "saved" / name).read_text() == "mine"
        assert f"saved/{name}" in listed
        assert not (files / name).is_symlink()
    assert "printed" in (files / "output.log").read_text()
    assert "lr" in (files / "config.yaml").read_text()
    assert "import time, runferry" in (files / "code" / "train.py").read_text()


def test_two_of_them_have_two_names(start: Any, log: Any, place: Path) -> None:
    run = start()
    for folder in ("a", "b"):
        (place / folder).mkdir()
        (place / folder / "config.yaml").write_text(folder)
        run.save(f"{folder}/config.yaml", base_path=folder)
        run.save(f"{folder}/config.yaml", base_path=folder)
    run.finish()
    assert saved(log) == ["saved/config.yaml"] * 2 + ["saved-2/config.yaml"] * 2
    assert (Path(run.dir) / "saved-2" / "config.yaml").read_text() == "b"
