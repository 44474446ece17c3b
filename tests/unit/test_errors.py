"""Errors for people: no permission that stands in an upload's address gets into them."""

from __future__ import annotations

from runferry.errors import AppError, without_paths


def test_addresses_lose_what_stands_behind_the_host() -> None:
    text = "HTTPSConnectionPool: Max retries exceeded with url: /bucket/file?X-Signature=abc (Caused by x)"
    assert "abc" not in without_paths(text)
    assert "Caused by x" in without_paths(text)
    assert without_paths("see https://key@s3.example:9000/a/b?token=1, then") == "see https://s3.example:9000/… then"


def test_the_cause_is_told_without_them() -> None:
    error = AppError("slug", "Title", "Message.", "Do.", OSError("PUT https://store.example/secret?t=1 failed"))
    assert "secret" not in error.as_dict()["cause"]
    assert "store.example" in error.as_dict()["cause"]
