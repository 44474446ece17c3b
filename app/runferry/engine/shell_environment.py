"""Variables about proxies and certificates that the person's login shell has and this app lacks.

An app that was started from a menu does not see what ~/.profile or ~/.zshrc set. The shell is started when somebody
asks, in a session of its own with a time limit, and ended with all that it started. Of its variables only those named
here are looked at; none is kept or sent.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from runferry.engine import company_certificates, proxy_settings
from runferry.errors import TemporaryError, UsageError
from runferry.settings import Settings

TIMEOUT = 8.0
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_MARK = "runferry-environment"
_PASSED_ON = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "ZDOTDIR")
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class ShellVariable:
    """One that the shell has. `here`: what this app has in its place, may be empty. `shown`: without a password."""

    name: str
    value: str
    here: str

    def __repr__(self) -> str:
        return f"ShellVariable({self.name}={self.shown})"

    @property
    def shown(self) -> str:
        """The value for people."""
        with contextlib.suppress(ValueError):
            parts = urlsplit(self.value)
            if parts.password or parts.username:
                return f"{parts.scheme}://…@{parts.netloc.rpartition('@')[2]}{parts.path}"
        return self.value


def look(environ: Mapping[str, str], timeout: float = TIMEOUT) -> tuple[ShellVariable, ...]:
    """What the login shell has and this app lacks, or has otherwise. Takes seconds.

    Raises TemporaryError where the shell does not answer in time, UsageError where there is none that can be asked.
    """
    if os.name != "posix":
        return ()
    shell = environ.get("SHELL") or _shell_of_account()
    if not shell or not os.access(shell, os.X_OK):
        raise UsageError("no-shell", "No login shell", f"'{shell}' cannot be started.", "Set SHELL.")
    there = _variables(_ask(shell, environ, timeout))
    found = []
    for name in (*PROXIES, *AUTHORITIES):
        value = there.get(name) or there.get(name.lower(), "")
        here = environ.get(name) or environ.get(name.lower(), "")
        if value and value != here:
            found.append(ShellVariable(name, value, here))
    return tuple(found)


def take_over(settings: Settings, found: Sequence[ShellVariable]) -> Settings:
    """Put them into the settings, which are saved: the proxy for all servers, a file of CAs as company CAs.

    Raises AppError: an address that is none, a file that holds no CAs, a keyring that fails for a password.
    """
    told = {one.name: one.value for one in found}
    proxy = next((told[name] for name in PROXIES[:3] if name in told), "")
    if proxy:
        settings = _use_proxy(settings, proxy, told.get("NO_PROXY", ""))
    bundle = next((told[name] for name in AUTHORITIES if name in told), "")
    if bundle:
        if not Path(bundle).is_file():
            raise UsageError("no-such-file", "Not a file", f"{bundle} is no file of certificates.", "Add one by hand.")
        settings, _, _ = company_certificates.add(settings, Path(bundle))
    return settings


def _use_proxy(settings: Settings, proxy: str, exceptions: str) -> Settings:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return proxy_settings.use(settings, address, user=user, password=password, exceptions=exceptions)


def _ask(shell: str, environ: Mapping[str, str], timeout: float) -> bytes:
    """What the shell printed. A file takes it: what the shell leaves running would keep a pipe open."""
    options = "-ic" if Path(shell).name in ("csh", "tcsh") else "-lic"
    passed = {name: environ[name] for name in _PASSED_ON if name in environ}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - the person's own shell
            [shell, options, f"printf '%s\\0' {_MARK}; env -0; printf '%s\\0' {_MARK}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={**passed, "SHELL": shell, "TERM": "dumb", "PATH": _PATH},
            cwd=passed.get("HOME") or "/",
            start_new_session=True,
        )
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TemporaryError(
                "shell-silent",
                "Your shell does not answer",
                f"{shell} was started and had not finished its start-up files after {timeout:g} seconds.",
                "Set the proxy and the certificates here by hand.",
                error,
            ) from error
        finally:
            _end(process)
        return _read(output)


def _read(output: IO[bytes]) -> bytes:
    output.seek(0)
    return output.read()


def _end(process: subprocess.Popen[bytes]) -> None:
    """The shell, and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _variables(printed: bytes) -> dict[str, str]:
    """What stands between the two marks; start-up files print around them."""
    mark = f"{_MARK}\0".encode()
    _, found, rest = printed.partition(mark)
    text, ended, _ = rest.rpartition(mark)
    if not found or not ended:
        return {}
    pairs = (one.decode(errors="replace").partition("=") for one in text.split(b"\0"))
    return {name: value for name, separator, value in pairs if separator}


def _shell_of_account() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return ""
