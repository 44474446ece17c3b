"""What an option is, and how its value is checked when it comes from JSON, from a variable or from a page.

Checking never guesses: a value that does not fit raises ValueError with a sentence that can be shown.
"""

from __future__ import annotations

import dataclasses
import math
import os
from dataclasses import dataclass
from enum import Enum
from typing import Any

from runferry.errors import AppError
from runferry.names import why_no_name
from runferry.servers import check_server, normalise_url
from runferry.settings.folder import Folder, check_folders
from runferry.settings.per_server import ServerSettings, check_names, check_servers

ON = ("1", "true", "yes", "on")
OFF = ("0", "false", "no", "off")


class Kind(str, Enum):
    """Which widget and which check an option needs."""

    SWITCH = "switch"
    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    SERVER = "server"  # empty, "local", "cloud" or a URL
    URL = "url"  # empty or a URL
    FOLDERS = "folders"
    NAMES = "names"  # a list of texts
    SERVERS = "servers"  # settings of single servers


@dataclass(frozen=True)
class Option:
    """One declaration. `variables`: names that override the file, the first one set wins. `unit` is for people."""

    name: str
    kind: Kind
    default: Any
    label: str
    help: str
    section: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    on_words: tuple[str, ...] = ()  # words besides ON that switch it on
    names_a: str = ""  # the text is the name of a project or of a team: which of the two

    def check(self, value: object) -> Any:
        """The value as the option's type; ValueError says what is wrong. Takes JSON values and the type itself."""
        return _CHECKS[self.kind](self, value)

    def parse(self, text: str) -> Any:
        """The value of a variable or a text field."""
        text = text.strip()
        if self.kind is Kind.SWITCH:
            return self._switch(text.lower())
        if self.kind is Kind.WHOLE:
            return self.check(_number(int, text, "a whole number"))
        if self.kind is Kind.NUMBER:
            return self.check(_number(float, text, "a number"))
        if self.kind is Kind.FOLDERS:
            return self.check([{"path": one} for one in text.split(os.pathsep) if one])
        if self.kind in (Kind.NAMES, Kind.SERVERS):
            raise ValueError("a list cannot be given by a variable")
        return self.check(text)

    def to_json(self, value: Any) -> Any:
        """The value as it is written into the settings file."""
        if self.kind in (Kind.FOLDERS, Kind.SERVERS):
            return [one.as_json() for one in value]
        return list(value) if self.kind is Kind.NAMES else value

    def _switch(self, word: str) -> bool:
        if word in ON or word in self.on_words:
            return True
        if word in OFF:
            return False
        raise ValueError(f"'{word}' is neither on nor off")


def option(default: Any, kind: Kind, label: str, help: str, section: str, **rest: Any) -> Any:
    """A dataclass field that declares an option; its name comes from the field."""
    return dataclasses.field(
        default=default, metadata={"option": {"kind": kind, "label": label, "help": help, "section": section, **rest}}
    )


def options_of(declared: type) -> dict[str, Option]:
    """The options of a dataclass, by name, in the order of their declaration."""
    options = {}
    for one in dataclasses.fields(declared):
        if "option" not in one.metadata:
            continue
        rest = dict(one.metadata["option"])
        variables = (f"RUNFERRY_{one.name.upper()}", *rest.pop("variables", ()))
        options[one.name] = Option(name=one.name, default=one.default, variables=variables, **rest)
    return options


def _number(convert: type[int] | type[float], text: str, what: str) -> int | float:
    try:
        return convert(text)
    except ValueError:
        raise ValueError(f"'{text}' is not {what}") from None


def _check_switch(option: Option, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is neither true nor false")


def _check_number(option: Option, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    if option.kind is Kind.WHOLE:
        if value != int(value):
            raise ValueError(f"{value!r} is not a whole number")
        value = int(value)
    if option.minimum is not None and value < option.minimum:
        raise ValueError(f"{value:g} is less than {option.minimum:g} {option.unit}".rstrip())
    if option.maximum is not None and value > option.maximum:
        raise ValueError(f"{value:g} is more than {option.maximum:g} {option.unit}".rstrip())
    return value if option.kind is Kind.WHOLE else float(value)


def _check_text(option: Option, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    text = value.strip()
    if option.names_a and (why := why_no_name(option.names_a, text)):
        raise ValueError(why)
    return text


def _check_choice(option: Option, value: object) -> str:
    text = _check_text(option, value).lower()
    if text not in option.choices:
        raise ValueError(f"'{text}' is none of {', '.join(option.choices)}")
    return text


def _check_server(option: Option, value: object) -> str:
    text = _check_text(option, value)
    try:
        if option.kind is Kind.SERVER:
            return check_server(text)
        return normalise_url(text) if text else ""
    except AppError as error:
        raise ValueError(error.message.rstrip(".")) from None


def _check_folders(option: Option, value: object) -> tuple[Folder, ...]:
    return check_folders(value)


def _check_names(option: Option, value: object) -> tuple[str, ...]:
    return check_names(value)


def _check_servers(option: Option, value: object) -> tuple[ServerSettings, ...]:
    return check_servers(value)


_CHECKS = {
    Kind.SWITCH: _check_switch,
    Kind.WHOLE: _check_number,
    Kind.NUMBER: _check_number,
    Kind.TEXT: _check_text,
    Kind.CHOICE: _check_choice,
    Kind.SERVER: _check_server,
    Kind.URL: _check_server,
    Kind.FOLDERS: _check_folders,
    Kind.NAMES: _check_names,
    Kind.SERVERS: _check_servers,
}
