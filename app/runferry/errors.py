"""Errors that a person can act on.

Every foreseeable failure becomes one of these at the border where it happens (network, disk, database, keyring, a
file's bytes) and is shown with a title, what happened and what to do. Anything else that is raised is a bug.

    AppError
    ├── TemporaryError     heals by waiting: the network is down, the server has a fault
    ├── PermanentError     never heals by itself: bad input, a file that is not a run
    │   └── UsageError     the command or the arguments are off
    └── NeedsUser          heals when a person does something: a key, a certificate, disk space

This module is imported by the recorder: standard library only, Python 3.8.
"""

from __future__ import annotations

import re


def without_paths(text: str) -> str:
    """A text with what stands behind the host of each URL left out: upload URLs carry permission in it."""
    text = re.sub(r"(https?://)(?:[^/\s@]*@)?([^/\s'\")]+)/[^\s'\")]*", r"\1\2/…", text)
    return re.sub(r"(with url: )\S+", r"\1…", text)


class AppError(Exception):
    """Base of all errors that are shown to people.

    slug: stable name for tests, tools and documentation, like ``key-refused``.
    title: a few words. message: what happened, one or two sentences. todo: what to do now.
    cause: the original exception or its text; never holds a secret.
    """

    def __init__(self, slug: str, title: str, message: str, todo: str, cause: object = None) -> None:
        super().__init__(f"{title}: {message}")
        self.slug = slug
        self.title = title
        self.message = message
        self.todo = todo
        self.cause = cause

    def as_dict(self) -> dict[str, str]:
        """The five parts as text, for JSON output and the control channel."""
        return {
            "slug": self.slug,
            "title": self.title,
            "message": self.message,
            "todo": self.todo,
            "cause": "" if self.cause is None else without_paths(str(self.cause)),
        }

    def lines(self) -> tuple[str, str, str]:
        """Three lines for a terminal: what, why, what now."""
        return self.title, f"  {self.message}", f"  What to do: {self.todo}"

    def for_people(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines())

    def one_line(self) -> str:
        """The same where only a line is heard: in an event, in a list."""
        return f"{self.title}. {self.message} {self.todo}"


class TemporaryError(AppError):
    """Heals by waiting. `retry_after`: seconds that the server asked for, or None."""

    def __init__(
        self, slug: str, title: str, message: str, todo: str, cause: object = None, retry_after: float | None = None
    ) -> None:
        super().__init__(slug, title, message, todo, cause)
        self.retry_after = retry_after


class PermanentError(AppError):
    """Trying again gives the same answer."""


class UsageError(PermanentError):
    """The command line or an argument is wrong; commands end with exit code 2."""


class NeedsUser(AppError):
    """Waits until a person changes something: a key, a certificate, disk space."""
