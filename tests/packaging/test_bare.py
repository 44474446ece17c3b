"""The README's first minute on a system that has nothing: a Debian in a folder, and what the page says typed in.

Needs root and `debootstrap`, and takes minutes: `make nightly`. The packages come from the mirror that this machine
uses; the network is this machine's.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from packaging.test_readme import Block, blocks
from packaging_rig import CHECKOUT, OUTSIDE, Ran, run

pytestmark = [
    pytest.mark.packaging,
    pytest.mark.nightly,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        shutil.which("debootstrap") is None or os.geteuid() != 0, reason="needs debootstrap and root: chroot"
    ),
]

USER = "/root"
SETTINGS = ("/etc/pip.conf", "/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt")


class Bare:
    """A Debian in a folder; `type` runs a line there as somebody who just logged in."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def type(self, line: str, folder: str = f"{USER}/runferry", timeout: float = 600, **more: str) -> Ran:
        """Run a line of bash there."""
        command: list[str | Path] = ["chroot", self.root, "bash", "-c", f"cd {folder} && {line}"]
        return run(command, self.root, self.environ | more, timeout)

    def bring(self, *packages: str) -> None:
        """Install packages of the system, as the person would."""
        done = self.type(f"apt-get install -y -qq --no-install-recommends {' '.join(packages)}", "/")
        assert done.code == 0, done.err

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HOME": USER,
            "PATH": f"{USER}/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **{name: value for name, value in OUTSIDE.items() if name.lower().endswith("_proxy") or name == "PIP_CERT"},
        }


def mirror() -> tuple[str, str]:
    """Where this machine's packages come from, and which release it is."""
    lists = [Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list")]  # not of third parties
    text = "\n".join(one.read_text() for one in lists if one.is_file())
    found = re.search(r"^URIs: *(\S+)$", text, re.M) or re.search(r"^deb +(?:\[.*?\] *)?(\S+)", text, re.M)
    release = re.search(r"^VERSION_CODENAME=(\S+)", Path("/etc/os-release").read_text(), re.M)
    assert found, text
    assert release
    return found[1], release[1]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """A base system with make, and a clone of this checkout; no Python environment, no library of Qt."""
    root = tmp_path_factory.mktemp("bare") / "root"
    url, release = mirror()
    done = run(
        ["debootstrap", "--variant=minbase", "--include=make,ca-certificates,python3", release, root, url],
        Path("/"),
        OUTSIDE,
        600,
    )
    assert done.code == 0, done.out[-2000:]
    for one in SETTINGS:
        if Path(one).exists():
            (root / one[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one, root / one[1:])
    clone = root / f"{USER[1:]}/runferry"
    subprocess.run(["git", "clone", "-q", CHECKOUT, clone], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
    try:
        yield Bare(root)
    finally:
        subprocess.run(["umount", root / "proc"], check=True)
        shutil.rmtree(root)


def named(name: str) -> Block:
    """The README's block for this way in."""
    (found,) = [one for one in blocks() if one.how == f"bare: {name}"]
    return found


def test_what_is_missing_is_said_and_not_installed(bare: Bare) -> None:
    told = bare.type("make run")
    assert told.code != 0
    assert re.search(r"Missing on this computer: python3[.\d]*-venv\. .*apt-get install python3", told.err), told.err
    assert "Traceback" not in told.err
    assert not bare.type("dpkg -s python3-venv", "/").out


def test_make_run_without_a_display_and_with_one_that_is_gone(bare: Bare) -> None:
    bare.bring("python3-venv")
    for display, word in (("", "There is no display here."), (":44", "The window needs lib")):
        log = bare.root / "said"
        with log.open("w") as output:
            app = subprocess.Popen(
                ["chroot", bare.root, "bash", "-c", f"cd {USER}/runferry && exec make run"],
                env=bare.environ | ({"DISPLAY": display} if display else {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + 400
            while "Watching" not in log.read_text():
                assert app.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
        finally:
            os.killpg(app.pid, signal.SIGINT)
            app.wait(60)
        assert word in log.read_text()
        assert "Aborted" not in log.read_text()
    told = bare.type(f"{named('checkout').text.strip()} && runferry demo")
    assert (told.code, "verified" in told.out) == (0, True), told.err


@pytest.mark.parametrize(
    ("how", "prepare", "program"),
    [
        ("pipx", "pipx", "runferry"),
        ("uv", "", "runferry"),
        ("venv", "", f"{USER}/runferry-app/bin/runferry"),
    ],
)
def test_the_wheel_by(bare: Bare, how: str, prepare: str, program: str) -> None:
    bare.bring("python3-venv", *prepare.split())
    if how == "uv":
        assert bare.type(f"python3 -m venv {USER}/uv && {USER}/uv/bin/pip install -q uv", "/").code == 0
    line = named(how).text.replace("~/runferry", f"{USER}/runferry-app").strip().replace("\n", " && ")
    # uv looks at no certificates of the system by itself; this machine's registries may need them.
    certificates = {"SSL_CERT_FILE": SETTINGS[-1]} if Path(SETTINGS[-1]).exists() else {}
    done = bare.type(line, PATH=f"{USER}/uv/bin:{bare.environ['PATH']}", **certificates)
    assert done.code == 0, done.out + done.err
    told = bare.type(f"{program} demo", USER)
    assert (told.code, "verified" in told.out) == (0, True), told.err
    removed = {"pipx": "pipx uninstall runferry", "uv": f"{USER}/uv/bin/uv tool uninstall runferry"}
    assert bare.type(removed.get(how, f"rm -r {USER}/runferry-app"), USER).code == 0
