"""The system's keyring, with a time limit and without its traps.

A keyring can hang for two minutes (a Secret Service that does not come up), ask the person (a locked one), be absent
(a server), throw away what it is given (``null``), or write clear text (keyrings.alt): each becomes an error that says
what to do. Keys are found by the server's normalised URL.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from runferry.errors import AppError, NeedsUser
from runferry.servers import normalise_url

log = logging.getLogger(__name__)

T = TypeVar("T")

SERVICE = "runferry"
TIMEOUT = 30.0
"""Seconds: a person may have to type the password of the keyring."""
WITHOUT = "Set WANDB_API_KEY, or add the server to ~/.netrc."


class Backend(Protocol):
    """What is used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class NoKeyring(NeedsUser):
    """There is none that keeps secrets; nothing can be stored in it, so nothing can be missing from it."""

    def __init__(self, why: str) -> None:
        super().__init__("no-keyring", "There is no keyring here", why, WITHOUT)


class Keychain:
    """Keys by server. backend: None means the one that the system has. timeout: seconds for each call."""

    def __init__(self, backend: Backend | None = None, timeout: float = TIMEOUT) -> None:
        self._backend = backend
        self._timeout = timeout
        self._lock = threading.Lock()
        self._hanging: threading.Thread | None = None

    def get(self, url: str) -> str | None:
        """The key of a server, or None; AppError where the keyring fails."""
        name = normalise_url(url)
        found = self._run("read", lambda backend: backend.get_password(SERVICE, name))
        return str(found) if found else None

    def set(self, url: str, key: str) -> None:
        """Keep the key of a server; AppError where the keyring fails."""
        name = normalise_url(url)
        self._run("written", lambda backend: backend.set_password(SERVICE, name, key))

    def get_named(self, service: str, name: str) -> str | None:
        """A secret that is no server's key, or None; AppError where the keyring fails."""
        found = self._run("read", lambda backend: backend.get_password(service, name))
        return str(found) if found else None

    def set_named(self, service: str, name: str, secret: str) -> None:
        """Keep a secret that is no server's key; AppError where the keyring fails."""
        self._run("written", lambda backend: backend.set_password(service, name, secret))

    def described(self) -> tuple[str, bool]:
        """The backend that the system has, by its class, and whether it keeps secrets. AppError where that hangs."""

        def describe() -> tuple[str, bool]:
            backend = self._backend or _system_backend()
            names = [f"{type(one).__module__}.{type(one).__qualname__}" for one in _chained(backend)]
            good = [one for one in names if _keeps_secrets(one)]
            return (good or names or ["none"])[0], bool(good)

        return self._limited("asked", describe)

    def delete(self, url: str) -> bool:
        """Remove the key of a server; tells whether there was one. AppError where the keyring fails."""
        name = normalise_url(url)

        def delete(backend: Backend) -> bool:
            if backend.get_password(SERVICE, name) is None:
                return False
            backend.delete_password(SERVICE, name)
            return True

        return bool(self._run("changed", delete))

    def _run(self, verb: str, call: Callable[[Backend], T]) -> T:
        """Run a call of the backend, but not forever."""
        return self._limited(verb, lambda: call(_usable(self._backend or _system_backend())))

    def _limited(self, verb: str, call: Callable[[], T]) -> T:
        """Run a call on a thread and wait for it, but not forever."""
        results: list[T] = []
        failures: list[BaseException] = []

        def work() -> None:
            try:
                results.append(call())
            except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
                failures.append(error)

        with self._lock:
            if self._hanging is not None and self._hanging.is_alive():
                raise _silent(self._timeout)
            # A daemon, alone in this program: a call that hangs in D-Bus cannot be interrupted, and must not keep
            # the process from ending. There is never more than one of them.
            thread = threading.Thread(target=work, name="keyring", daemon=True)
            self._hanging = thread
            thread.start()
            thread.join(self._timeout)
            if thread.is_alive():
                raise _silent(self._timeout)
            self._hanging = None
        if failures:
            raise _explain(failures[0], verb) from failures[0]
        return results[0]


def _system_backend() -> Backend:
    from keyring import get_keyring  # 0.2 s, and the search for a backend as much: only when a key is needed

    return cast(Backend, get_keyring())


def _chained(backend: Backend) -> list[Backend]:
    """What it asks one after the other; itself where it asks nobody."""
    return list(getattr(backend, "backends", None) or [backend])


def _usable(backend: Backend) -> Backend:
    """The backend, or the first good one where several are chained; NoKeyring where there is none."""
    refused = []
    for one in _chained(backend):
        name = f"{type(one).__module__}.{type(one).__qualname__}"
        if not _keeps_secrets(name):
            refused.append(name)
        else:
            return one
    raise NoKeyring(f"What is installed keeps no secrets: {', '.join(refused)}.")


def _keeps_secrets(name: str) -> bool:
    """By its name: keyrings.alt writes clear text or asks in a terminal, null throws away, fail is none."""
    return not (
        name.startswith(("keyrings.alt.", "keyring.backends.null.", "keyring.backends.fail."))
        or "plaintext" in name.lower()
    )


def _silent(seconds: float) -> NeedsUser:
    return NeedsUser(
        "keyring-silent",
        "The keyring does not answer",
        f"It said nothing for {seconds:g} seconds; it may be waiting for its password, or its service hangs.",
        "Unlock the keyring. Or do without it: " + WITHOUT,
    )


def _explain(error: BaseException, verb: str) -> AppError:
    """An error of the keyring in words; what is no Exception (the end of the process) is raised as it is."""
    if isinstance(error, AppError):
        return error
    if not isinstance(error, Exception):
        raise error
    from keyring import errors

    if isinstance(error, errors.NoKeyringError):
        return NoKeyring("No service that keeps secrets runs here, as is usual on servers.")
    if isinstance(error, errors.KeyringLocked):
        return NeedsUser(
            "keyring-locked",
            "The keyring is locked",
            "The key could not be " + verb + ", since the keyring was not unlocked.",
            "Unlock it (logging in to the desktop usually does). Or do without it: " + WITHOUT,
            error,
        )
    # Whatever a backend raises: D-Bus errors, for instance, are no KeyringErrors. Its text may quote what it was
    # given, so only its kind is told.
    return NeedsUser(
        "keyring-failed",
        "The keyring failed",
        f"The key could not be {verb}: {type(error).__name__}.",
        "Look at the keyring with the system's own tool. Or do without it: " + WITHOUT,
        type(error).__name__,
    )
