"""What holds for every test: a clean environment, a home of its own, no leaked threads."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.skips import pytest_make_collect_report, pytest_runtest_makereport, pytest_terminal_summary

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport", "pytest_terminal_summary"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Shells start background jobs that way, and children inherit it: then no program could be tested for Ctrl+C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # windows are tested without a display; tests/desktop has one

NIGHTLY = os.environ.get("RUNFERRY_NIGHTLY", "") not in ("", "0")

CHECKOUT = Path(__file__).resolve().parent.parent
FOREIGN = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "NO_PROXY", "no_proxy")
PREFIXES = ("WANDB_", "RUNFERRY_")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longer than a run of everything may is left to `make nightly`; by its name it can be run alone."""
    if NIGHTLY or any("::" in one for one in config.args):
        return
    later = [one for one in items if one.get_closest_marker("nightly")]
    if later:
        config.hook.pytest_deselected(items=later)
        items[:] = [one for one in items if one not in later]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No setting of this machine reaches a test: certificates, proxies, keys, W&B's variables, the home folder."""
    for name in list(os.environ):
        if name in FOREIGN or name.startswith(PREFIXES) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("RUNFERRY_HOME", str(home / "runferry"))
    # The keyring of the person who runs the tests is never touched.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return home


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Threads that a test started are gone when it ends."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while True:
        left = [one for one in threading.enumerate() if one not in before and one.is_alive()]
        if not left:
            return
        if time.monotonic() > deadline:
            pytest.fail(f"leaked threads: {left}")
        left[0].join(timeout=0.1)


@pytest.fixture(scope="session")
def peer() -> Path:
    """The Python of the environment that holds the real wandb client; see `make peer`."""
    python = CHECKOUT / ".venvs" / "wandb" / "bin" / "python"
    if not python.exists():
        pytest.fail("the real wandb client is missing: run `make peer`")
    return python
