"""Nothing turns the check of certificates off; what is looked at without it can send nothing."""

from __future__ import annotations

import re
from pathlib import Path

import runferry
from runferry.remote.trust import Trust, make_context
from runferry.settings import OPTIONS

APP = Path(runferry.__file__).parent


def test_only_the_look_at_a_chain_does_without() -> None:
    loose = re.compile(r"CERT_NONE|check_hostname = False|verify=False|_create_unverified_context|disable_warnings")
    found = {path.relative_to(APP).as_posix() for path in APP.rglob("*.py") if loose.search(path.read_text())}
    assert found == {"remote/chain.py"}
    assert not re.search(r"\.(send|sendall|write)\(", (APP / "remote" / "chain.py").read_text())


def test_no_setting_does() -> None:
    assert not [name for name in OPTIONS if re.search(r"insecure|verify|trust", name)]
    for trust in (Trust(), Trust(relaxed=True)):
        context = make_context({}, trust)
        assert context.check_hostname
        assert context.verify_mode.name == "CERT_REQUIRED"
