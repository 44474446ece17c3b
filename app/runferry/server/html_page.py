"""The frame of every page: no script, nothing loaded from anywhere, everything escaped by whoever fills it."""

from __future__ import annotations

import html

from starlette.responses import HTMLResponse

from runferry.inert import inert

SAFE_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}"
    "code{overflow-wrap:anywhere}input,button{font:inherit;padding:.3rem .6rem}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action {}; frame-ancestors 'none'"


def escaped(text: str) -> str:
    """A text of a stranger's, which is neither markup nor acts on a terminal that shows the page."""
    return html.escape(inert(text))


def html_page(title: str, body: str, status: int = 200, *, has_form: bool = False) -> HTMLResponse:
    """A page. `title` is escaped here, `body` is HTML.

    has_form: it has a form for this server. Then the browser may say where it came from, to this server only: without
    that a form's `Origin` is `null`, as that of a foreign site is.
    """
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escaped(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{escaped(title)}</h1>{body}'
    )
    headers = {**SAFE_HEADERS, "Content-Security-Policy": _POLICY.format("'self'" if has_form else "'none'")}
    if has_form:
        headers["Referrer-Policy"] = "same-origin"
    return HTMLResponse(text, status_code=status, headers=headers)
