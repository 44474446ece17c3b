"""How a browser is let in: the sign-in page, links that work once, and the cookie."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from runferry.remote.one_time import one_time_link
from runferry.server.access.handlers import own_path
from runferry.server.access.one_time import SECONDS, OneTimeLinks
from runferry.server.access.sessions import SECONDS as SESSION_SECONDS
from runferry.server.access.sessions import Sessions
from runferry.server.serving import LocalServer

FORWARDED = {"Via": "1.1 a proxy"}  # so that the connection alone does not open a page


class Browser:
    """Comes through a proxy, so that nothing but the cookie lets it in."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"Accept": "text/html", **FORWARDED})

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.server.url + path, allow_redirects=False, timeout=10)

    def sign_in(self, key: str, target: str = "/", **headers: str) -> requests.Response:
        headers = headers or {"Origin": self.server.url}
        form = {"key": key, "next": target}
        return self.session.post(self.server.url + "/sign-in", form, headers=headers, allow_redirects=False, timeout=10)


@pytest.fixture
def browser(server: LocalServer) -> Iterator[Browser]:
    made = Browser(server)
    yield made
    made.session.close()


def test_a_page_asks_for_the_key_and_goes_on_to_where_it_was_asked_for(browser: Browser) -> None:
    asked = browser.get("/local/p%22%3E?a=%3Cb")
    assert asked.status_code == 401
    assert 'name="next" value="/local/p%22%3E?a=%3Cb"' in asked.text
    assert asked.headers["Referrer-Policy"] == "same-origin"  # else the form's Origin would be `null`
    assert browser.sign_in("wrong" * 8).status_code == 403
    assert browser.get("/").status_code == 401
    let_in = browser.sign_in(browser.server.key, "/local/p?a=b")
    assert (let_in.status_code, let_in.headers["Location"]) == (303, "/local/p?a=b")
    assert browser.get("/").status_code == 200


def test_the_cookie_is_not_the_key_and_no_script_can_read_it(browser: Browser) -> None:
    told = browser.sign_in(browser.server.key).headers["Set-Cookie"]
    assert browser.server.key not in told
    assert {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={SESSION_SECONDS}"} <= set(told.split("; "))


def test_the_cookie_only_reads(browser: Browser) -> None:
    browser.sign_in(browser.server.key)
    url = browser.server.url
    for path in ("/graphql", "/files/local/p/r/file_stream", "/once"):
        assert browser.session.post(url + path, "{}", headers={"Origin": url}, timeout=10).status_code == 401
    assert browser.session.put(f"{url}/storage/x", b"", timeout=10).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"X-Nothing": "1"}])
def test_the_key_is_taken_from_our_own_page_only(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.sign_in(browser.server.key, **headers).status_code == 403
    assert browser.get("/").status_code == 401


def test_a_cookie_expires_and_belongs_to_one_account_and_one_store() -> None:
    now = [1000.0]
    sessions = Sessions("k", "store-1", lambda: now[0])
    cookie = sessions.cookie_for("1000", is_encrypted=True)
    assert cookie.endswith("; Secure")
    header = "a=b; " + cookie.partition(";")[0]
    assert sessions.is_open([header], "1000")
    assert not any(sessions.is_open([header], owner) for owner in ("1001", "0", "", "?"))
    assert not Sessions("k2", "store-1", lambda: now[0]).is_open([header], "1000")
    name = sessions.cookie
    for value in ("", "x", "é.ü", "a.b", header.partition(name + "=")[2] + "A", "[1].x"):
        assert not sessions.is_open([f"{name}={value}"], "1000")
    assert not sessions.is_open([f"{name}=x; " * 100000 + header], "1000")  # a flood costs little
    now[0] += SESSION_SECONDS + 1
    assert not sessions.is_open([header], "1000")


def test_a_link_works_once(browser: Browser) -> None:
    link = one_time_link(browser.server.url, browser.server.key, "/local/p")
    assert link is not None
    assert browser.server.key not in link
    path = link.removeprefix(browser.server.url)
    assert browser.session.head(link, timeout=10).status_code == 405  # a look at it does not use it up
    opened = browser.get(path)
    assert (opened.status_code, opened.headers["Location"]) == (303, "/local/p")
    assert browser.get("/").status_code == 200
    assert browser.get(path).status_code == 403


def test_a_link_is_only_made_with_the_key(browser: Browser) -> None:
    assert requests.post(browser.server.url + "/once", json={"path": "/"}, timeout=10).status_code == 401
    assert one_time_link(browser.server.url, "x" * 40, "/") is None


def test_a_link_expires_and_is_for_the_account_that_asked() -> None:
    now = [0.0]
    links = OneTimeLinks(lambda: now[0])
    token = links.make("/p", "1000")
    assert links.redeem(token, "1001") is None
    assert links.redeem(token, "?") is None
    assert links.redeem(token, "1000") == "/p"
    late = links.make("/p", "1000")
    now[0] += SECONDS
    assert links.redeem(late, "1000") is None
    first = links.make("/p", "")
    for _ in range(100):
        links.make("/p", "")
    assert links.redeem(first, "") is None  # so many are kept, no more
    assert len(links._waiting) <= 64


@pytest.mark.parametrize(
    "text",
    ["", "http://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:1", "/a\r\nb",
     "////evil", "/sign-in", "/once?token=x", "/" + "a" * 5000],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(text: str) -> None:
    assert own_path(text) == "/"


def test_a_path_is_kept() -> None:
    assert own_path("/local/p/runs/ü?a=1&b=2") == "/local/p/runs/%C3%BC?a=1&b=2"
