"""`runferry serve` on a network: https with a certificate, and a warning without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
import trustme

pytestmark = pytest.mark.timeout(60)


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "runferry", "serve", "--port", "0", "--data", str(folder), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(server: subprocess.Popen[str]) -> str:
    """What it said for people."""
    server.terminate()
    return server.communicate(timeout=20)[1]


def test_with_a_certificate_everything_is_https(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = authority.issue_cert("127.0.0.1", "localhost")
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    server = start(tmp_path / "s", "--host", "0.0.0.0", "--certificate", str(tmp_path / "both.pem"))
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        assert url.startswith("https://127.0.0.1:")
        key = (tmp_path / "s" / "key").read_text().strip()
        with requests.Session() as session:
            session.verify = str(tmp_path / "ca.pem")
            form = {"key": key, "next": "/"}
            let_in = session.post(f"{url}/sign-in", form, headers={"Origin": url}, allow_redirects=False, timeout=10)
            assert (let_in.status_code, "Secure" in let_in.headers["Set-Cookie"]) == (303, True)
            foreign = {"Origin": url.replace("https", "http")}
            assert session.post(f"{url}/sign-in", form, headers=foreign, timeout=10).status_code == 403
            session.auth = ("api", key)
            query = 'mutation { upsertBucket(input: {name: "r", modelName: "p"}) { inserted } }'
            assert session.post(f"{url}/graphql", json={"query": query}, timeout=10).status_code == 200
            query = 'mutation { createRunFiles(input: {projectName: "p", runName: "r", files: ["a"]}) { files { uploadUrl } } }'  # noqa: E501 # fmt: skip
            told = session.post(f"{url}/graphql", json={"query": query}, timeout=10).json()["data"]["createRunFiles"]
            assert told["files"][0]["uploadUrl"].startswith(url)
    finally:
        assert "plain http" not in end(server)


def test_without_one_it_warns_and_says_how_to_make_one(tmp_path: Path) -> None:
    server = start(tmp_path / "s", "--host", "0.0.0.0")
    assert server.stdout is not None
    assert server.stdout.readline().startswith("The local server answers at http://")
    said = end(server)
    assert "plain http" in said
    assert "openssl req -x509" in said
    assert "--certificate" in said


def test_on_this_computer_alone_it_does_not(tmp_path: Path) -> None:
    server = start(tmp_path / "s")
    assert server.stdout is not None
    server.stdout.readline()
    assert "plain http" not in end(server)


@pytest.mark.parametrize("options", [["--key", "x"], ["--certificate", "nowhere"], ["--certificate", "text"]])
def test_what_is_no_certificate_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text").write_text("no certificate")
    server = start(tmp_path / "s", *options)
    _, said = server.communicate(timeout=30)
    assert server.returncode
    assert "certificate" in said
    assert "Traceback" not in said
