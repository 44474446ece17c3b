"""One text per server, however it is spelled."""

from __future__ import annotations

import pytest

from runferry.errors import UsageError
from runferry.servers import (
    app_url,
    check_server,
    host_names,
    is_cloud,
    is_loopback,
    normalise_url,
    run_url,
    server_url,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://API.wandb.ai/", "https://api.wandb.ai"),
        (" http://localhost:8080 ", "http://localhost:8080"),
        ("HTTPS://wandb.example.com:443", "https://wandb.example.com"),
        ("http://wandb.example.com:80//", "http://wandb.example.com"),
        ("http://[::1]:8470/", "http://[::1]:8470"),
        ("https://example.com/wandb/", "https://example.com/wandb"),
        ("https://example.com.", "https://example.com"),
    ],
)
def test_one_spelling(text: str, expected: str) -> None:
    assert normalise_url(text) == expected
    assert normalise_url(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wandb.example.com",
        "localhost:8080",
        "ftp://example.com",
        "https://",
        "https://example.com?x=1",
        "https://example.com:port",
        "https://user@example.com",
        "http://api.wandb.ai",
        "https://app.wandb.ai",
        "https://exa mple.com",
        "https://[::1",
    ],
)
def test_what_is_no_server(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        normalise_url(text)
    assert caught.value.slug == "bad-server"
    assert caught.value.todo


def test_named_servers() -> None:
    local = "http://127.0.0.1:8470"
    assert server_url("local", local_url=local) == local
    assert server_url("", local_url=local) == local
    assert server_url("CLOUD", local_url=local) == "https://api.wandb.ai"
    forge = "https://api.forge.coreweave.com"
    assert server_url("cloud", local_url=local, cloud_url=forge) == forge
    assert server_url("https://w.example.com/", local_url=local) == "https://w.example.com"
    assert check_server(" Local ") == "local"
    assert is_cloud(forge + "/")
    assert not is_cloud(local)


def test_loopback() -> None:
    assert all(map(is_loopback, ("http://127.0.0.1:1", "http://localhost", "http://[::1]:1", "http://a.localhost")))
    assert not any(map(is_loopback, ("http://127.0.0.1.evil.com", "http://10.0.0.1", "https://localhost.evil.com")))


def test_names_in_netrc() -> None:
    assert host_names("http://127.0.0.1:8300") == ("127.0.0.1:8300", "127.0.0.1")
    assert host_names("https://w.example.com") == ("w.example.com",)
    assert host_names("https://api.forge.coreweave.com") == ("api.forge.coreweave.com", "api.wandb.ai")


def test_pages() -> None:
    assert app_url("https://api.wandb.ai") == "https://forge.coreweave.com/wandb"
    assert app_url("https://api.forge.coreweave.com") == "https://forge.coreweave.com/wandb"
    assert app_url("https://api.wandb.example.com") == "https://wandb.example.com"
    assert app_url("https://api.example.com") == "https://app.example.com"
    assert app_url("http://127.0.0.1:8470") == "http://127.0.0.1:8470"
    assert app_url("https://api.wandb.ai", "https://w.example.com/") == "https://w.example.com"
    assert run_url("https://w", "a b", "p/q", "id") == "https://w/a%20b/p%2Fq/runs/id"
