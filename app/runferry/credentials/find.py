"""Which key belongs to a server, and where keys are kept.

Order: WANDB_API_KEY, this session, our file (only where somebody asked for one, so that no keyring has to answer),
keyring, netrc. The variable holds one key for one server: the one that ``--server`` or WANDB_BASE_URL names, or W&B's
cloud if neither does. No other server ever gets it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from runferry.credentials import key_file as files
from runferry.credentials import session
from runferry.credentials.key import Key, check_key, looks_like_key
from runferry.credentials.keychain import Keychain, NoKeyring
from runferry.credentials.netrc_file import netrc_file, read_passwords
from runferry.errors import AppError
from runferry.servers import CLOUD, CLOUD_URLS, check_server, host_names, is_cloud, normalise_url

log = logging.getLogger(__name__)

VARIABLE = "WANDB_API_KEY"


def find_key(
    server_url: str,
    environ: Mapping[str, str] | None = None,
    *,
    named: str = "",
    cloud_url: str = "",
    keyring: Keychain | None = None,
    key_file: Path | None = None,
    netrc_path: Path | None = None,
) -> Key | None:
    """The key for a server, or None where nobody has one.

    named: what ``--server`` says. cloud_url: the setting, where the cloud has another address. AppError where the
    variable holds no key, or where the keyring fails and no other place has the key.
    """
    environ = os.environ if environ is None else environ
    url = normalise_url(server_url)
    if environ.get(VARIABLE, "").strip() and _is_meant(url, environ, named, cloud_url):
        return Key(check_key(environ[VARIABLE], VARIABLE), VARIABLE)
    stored = session.read_key(url)
    if stored:
        return Key(stored, "this session")
    stored = files.read_key(key_file, url) if key_file else None
    if stored:
        return Key(stored, str(key_file))
    problem: AppError | None = None
    try:
        stored = (keyring or Keychain()).get(url)
        if stored:
            return Key(stored, "keyring")
    except NoKeyring as error:
        log.debug("no keyring: %s", error.message)
    except AppError as error:
        problem = error
    found = _from_netrc(url, netrc_path or netrc_file(environ))
    if found is None and problem is not None:
        raise problem
    return found


def _is_meant(url: str, environ: Mapping[str, str], named: str, cloud_url: str) -> bool:
    """Whether the variable's key is for this server."""
    said = named or environ.get("RUNFERRY_SERVER", "").strip() or environ.get("WANDB_BASE_URL", "").strip() or CLOUD
    try:
        meant = check_server(said)
        cloud = normalise_url(cloud_url) if cloud_url else ""
    except AppError:
        return False  # the address in the variable is none: so it is nobody's
    if meant == CLOUD:
        return url == cloud or is_cloud(url)
    return meant == url or (meant in CLOUD_URLS and is_cloud(url))


def _from_netrc(url: str, path: Path) -> Key | None:
    passwords = read_passwords(path)
    for name in host_names(url):
        password = passwords.get(name)
        if password is None:
            continue
        if looks_like_key(password):
            return Key(password, str(path))
        # The host may serve other things too; a password of those is not to be sent to it as a key.
        log.warning("netrc %s: the entry of %s holds no API key", path, name)
    return None


def forget_key(server_url: str, *, keyring: Keychain | None = None, key_file: Path | None = None) -> tuple[str, ...]:
    """Remove the key of a server from the keyring, our file and this session; returns where there was one.

    A netrc and the environment belong to the person and stay. AppError where the keyring fails.
    """
    places = ["this session"] if session.write_key(server_url, None) else []
    if key_file and files.write_key(key_file, server_url, None):
        places.append(str(key_file))
    try:
        if (keyring or Keychain()).delete(server_url):
            places.append("keyring")
    except NoKeyring:
        pass  # nothing can be in there
    return tuple(places)


def has_wandb_key(environ: Mapping[str, str] | None = None, netrc_path: Path | None = None) -> bool:
    """Whether this person seems to use W&B itself: WANDB_API_KEY is set, or netrc knows the cloud."""
    environ = os.environ if environ is None else environ
    return bool(environ.get(VARIABLE, "").strip()) or _netrc_cloud(netrc_path or netrc_file(environ)) is not None


def known_cloud_url(environ: Mapping[str, str] | None = None, netrc_path: Path | None = None) -> str:
    """The address of W&B's cloud that netrc knows, else the one of api.wandb.ai."""
    environ = os.environ if environ is None else environ
    return _netrc_cloud(netrc_path or netrc_file(environ)) or CLOUD_URLS[0]


def _netrc_cloud(path: Path) -> str | None:
    passwords = read_passwords(path)
    for url in CLOUD_URLS:
        if looks_like_key(passwords.get(host_names(url)[0], "")):
            return url
    return None
