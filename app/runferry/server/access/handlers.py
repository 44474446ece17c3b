"""The addresses at which browsers are let in: ``/sign-in`` takes the key once, ``/once`` makes and opens links.

Both answer with a redirect to a page of this server and a cookie. Which requests get this far is the guard's matter;
it puts what it knows into ``request.state``: `owner` and `has_key`.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from runferry.server.access.one_time import SECONDS, OneTimeLinks
from runferry.server.access.sessions import Sessions
from runferry.server.bodies import RefusedError, read_body
from runferry.server.html_page import SAFE_HEADERS, escaped, html_page
from runferry.server.key_check import is_key

SIGN_IN = "/sign-in"
ONCE = "/once"
_LONGEST_FORM = 8192  # bytes
_LONGEST_TARGET = 4096  # characters


class Access:
    """The handlers of one server."""

    def __init__(self, key: str, sessions: Sessions, links: OneTimeLinks) -> None:
        self._key = key.encode()
        self._sessions = sessions
        self._links = links

    async def show(self, request: Request) -> Response:
        """GET ``/sign-in?next=PATH``: the page."""
        return sign_in_page(own_path(request.query_params.get("next", "")))

    async def sign_in(self, request: Request) -> Response:
        """POST ``/sign-in`` of that page's form."""
        form = parse_qs((await read_body(request, _LONGEST_FORM)).decode("utf-8", "replace"))
        target = own_path(form.get("next", [""])[0])
        if not is_key(form.get("key", [""])[0], self._key):
            return sign_in_page(target, "This is not the server's key.", 403)
        return self._let_in(request, target)

    async def make_link(self, request: Request) -> Response:
        """POST ``/once`` with the key and ``{"path": …}``: a link that opens that page once, within a minute."""
        try:
            told = json.loads(await read_body(request, _LONGEST_FORM))
            path = str(told.get("path", "/"))
        except (ValueError, AttributeError, RecursionError) as error:
            raise RefusedError(400, "the body is no JSON object") from error
        token = self._links.make(own_path(path), request.state.owner)
        return JSONResponse({"path": f"{ONCE}?token={token}", "seconds": int(SECONDS)}, headers=SAFE_HEADERS)

    async def open_link(self, request: Request) -> Response:
        """GET ``/once?token=…``."""
        if request.method != "GET":  # a look whether the address is there does not use it up
            return Response(status_code=405, headers=SAFE_HEADERS)
        target = self._links.redeem(request.query_params.get("token", ""), request.state.owner)
        if target is None:
            return sign_in_page("/", "This link was used already, or is older than a minute.", 403)
        return self._let_in(request, target)

    def _let_in(self, request: Request, target: str) -> Response:
        cookie = self._sessions.cookie_for(request.state.owner, request.url.scheme == "https")
        return RedirectResponse(target, 303, headers={**SAFE_HEADERS, "Set-Cookie": cookie})


def own_path(text: str) -> str:
    """A path of this server as it is safe to redirect to; the front page for anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    is_own = text.startswith("/") and not parts.netloc and "\\" not in text and len(text) <= _LONGEST_TARGET
    if not is_own or parts.path.startswith("//") or parts.path in (SIGN_IN, ONCE) or not text.isprintable():
        return "/"
    return quote(text, safe="/%?&=:@+,;~!*'()")


def sign_in_page(target: str, problem: str = "", status: int = 401) -> HTMLResponse:
    """Asks for the key. `target`: where to go on to, a result of `own_path`."""
    said = f"<p role=alert><b>{escaped(problem)}</b></p>" if problem else ""
    body = (
        f"{said}<p>This page belongs to the person who runs this server. Open it from the app, or with "
        "<code>runferry open</code>; or enter the server's key, which is in the file <code>key</code> of its folder."
        f'</p><form method="post" action="{SIGN_IN}" autocomplete="off">'
        f'<input type="hidden" name="next" value="{escaped(target)}">'
        '<label>Key <input type="password" name="key" size="44" required autofocus></label> '
        "<button>Sign in</button></form>"
    )
    return html_page("Sign in", body, status, has_form=True)
