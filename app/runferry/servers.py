"""What a server is called: URLs brought to one form, W&B's cloud, and the pages that people open in a browser.

A key in the keyring and a row in the database are found by this form, so two spellings of one server must give one
text. Nothing here opens a connection or looks anything up.
"""

from __future__ import annotations

import difflib
import re
from urllib.parse import SplitResult, quote, urlsplit

from runferry.errors import UsageError

LOCAL = "local"
CLOUD = "cloud"
CLOUD_URLS = ("https://api.wandb.ai", "https://api.forge.coreweave.com")
"""W&B's cloud under its own name, and under the one that wandb 0.31 uses by default."""

_CLOUD_PAGES = "https://forge.coreweave.com/wandb"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = re.compile(r"localhost|.*\.localhost|127(\.\d{1,3}){3}|::1")


def normalise_url(text: str) -> str:
    """``scheme://host[:port][/path]`` in one spelling; raises UsageError for anything that is not a server's URL."""
    parts = _split(text.strip())
    host = (parts.hostname or "").rstrip(".")
    if host == "app.wandb.ai":
        raise _bad_url(text, "this is the address of W&B's web pages", "Use https://api.wandb.ai")
    if parts.scheme == "http" and (host == "wandb.ai" or host.endswith(".wandb.ai")):
        raise _bad_url(text, "W&B's cloud is only reached over https", "Write https:// instead of http://")
    netloc = f"[{host}]" if ":" in host else host
    if parts.port and parts.port != _DEFAULT_PORTS[parts.scheme]:
        netloc += f":{parts.port}"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def _split(text: str) -> SplitResult:
    """The parts of a URL that could be a server's."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError where the port is no number
    except ValueError as error:
        raise _bad_url(text, str(error), "Write it like https://wandb.example.com:8080") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise _bad_url(text, "it does not start with http:// or https://", _suggestion(text))
    if not parts.hostname or re.search(r"[\s\\\x00-\x1f]", text):
        raise _bad_url(text, "it names no host", "Write it like https://wandb.example.com")
    if parts.username is not None or parts.password is not None:
        # Not repeated: what stands before the @ may be a key.
        raise _bad_url("…@" + parts.hostname, "it carries a name or a password", "Store the key with `runferry login`")
    if parts.query or parts.fragment:
        raise _bad_url(text, "it has a ? or # part", "Give the server's base address only")
    return parts


def _suggestion(text: str) -> str:
    """What a person may have meant by a word that is no URL."""
    close = difflib.get_close_matches(text.lower(), [LOCAL, CLOUD], n=1)
    if close:
        return f"Did you mean `{close[0]}`? Otherwise write the whole address, like https://wandb.example.com"
    if "://" in text or "." not in text:
        return "Write it like https://wandb.example.com, or say `local` or `cloud`"
    return f"Did you mean https://{text} ?"


def _bad_url(text: str, why: str, todo: str) -> UsageError:
    return UsageError("bad-server", "That is not a server's address", f"'{text}' cannot be used: {why}.", todo)


def check_server(named: str) -> str:
    """What a setting or ``--server`` may say: ``local``, ``cloud``, empty, or a URL, which is normalised."""
    name = named.strip()
    if name.lower() in ("", LOCAL, CLOUD):
        return name.lower()
    return normalise_url(name)


def server_url(named: str, *, local_url: str, cloud_url: str = "") -> str:
    """The base URL that ``local``, ``cloud`` or a URL stands for; empty means local.

    local_url: where the local server of this owner listens. cloud_url: the setting, or what netrc knows.
    """
    checked = check_server(named)
    if checked in ("", LOCAL):
        return normalise_url(local_url)
    if checked == CLOUD:
        return normalise_url(cloud_url or CLOUD_URLS[0])
    return checked


def is_cloud(url: str) -> bool:
    """Whether a URL is W&B's own cloud."""
    return normalise_url(url) in CLOUD_URLS


def is_loopback(url: str) -> bool:
    """Whether a URL can only lead to this machine; by its text, without asking a resolver."""
    return _LOOPBACK.fullmatch(urlsplit(url).hostname or "") is not None


def host_names(url: str) -> tuple[str, ...]:
    """Names under which netrc may know a server: ``host:port`` (wandb 0.31) first, then the bare host (older)."""
    parts = urlsplit(normalise_url(url))
    netloc, host = parts.netloc, parts.hostname or ""
    names = [netloc] if netloc == host else [netloc, host]
    if normalise_url(url) in CLOUD_URLS:
        names += [one for one in (urlsplit(cloud).netloc for cloud in CLOUD_URLS) if one not in names]
    return tuple(names)


def app_url(url: str, override: str = "") -> str:
    """Base of the web pages that belong to a server. override: the value of WANDB_APP_URL."""
    if override:
        return normalise_url(override)
    base = normalise_url(url)
    if base in CLOUD_URLS:
        return _CLOUD_PAGES
    if "://api.wandb." in base:
        return base.replace("://api.", "://", 1)
    return base.replace("://api.", "://app.", 1)


def run_url(app: str, entity: str, project: str, run_id: str) -> str:
    """The page of one run."""
    entity, project, run_id = (quote(part, safe="") for part in (entity, project, run_id))
    return f"{app}/{entity}/{project}/runs/{run_id}"
