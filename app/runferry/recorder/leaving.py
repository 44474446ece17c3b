"""How the main program was left: by its last line or by an exception, and with which exit code.

`sys.exit` can be replaced; `raise SystemExit(n)`, and a `sys.exit` that was looked up before a run began, show in
nothing that Python tells at its end. But the frame of the main program, kept until then, still stands at the
instruction where it was left; and from 3.12 on Python tells of calls of SystemExit in the code that began the run.
Neither costs anything while the training runs. Where there is no such frame (notebooks, embedded interpreters) nothing
is known.
"""

from __future__ import annotations

import builtins
import sys
from typing import Any, Callable

UNKNOWN = object()
"""An exit code that cannot be seen."""

_NOISE = frozenset(("PUSH_NULL", "PRECALL", "CACHE", "EXTENDED_ARG", "NOT_TAKEN"))
_NAMES = frozenset(("LOAD_NAME", "LOAD_GLOBAL"))
_CONSTANTS = frozenset(("LOAD_CONST", "LOAD_SMALL_INT"))
_MOST_FRAMES = 20


class MainProgram:
    """The main program. `saw` is told what was given to SystemExit, or another exit, in the code that began the run."""

    def __init__(self, saw: Callable[[Any], None]) -> None:
        self._saw = saw
        self._frame: Any = None
        self._exits: tuple[Any, ...] = ()
        self._tool: int | None = None

    def look(self, exits: tuple[Any, ...]) -> None:
        """Find the frames below the caller. exits: what ends the program besides SystemExit."""
        self._exits = (SystemExit, *exits)
        main = sys.modules.get("__main__")
        codes = []
        frame: Any = sys._getframe()
        while frame is not None:
            if not str(frame.f_globals.get("__name__", "")).startswith("runferry."):
                codes.append(frame.f_code)
            if main is not None and frame.f_globals is main.__dict__ and frame.f_code.co_name == "<module>":
                self._frame = frame
                break
            frame = frame.f_back
        if self._frame is not None:
            self._listen(codes[-_MOST_FRAMES:])

    def forget(self) -> None:
        """The run is over."""
        self._frame = None
        tool, self._tool = self._tool, None
        if tool is not None:
            monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
            monitoring.register_callback(tool, monitoring.events.CALL, None)
            monitoring.free_tool_id(tool)

    @property
    def is_known(self) -> bool:
        """Whether there is a frame to look at."""
        return self._frame is not None

    def was_left_by_exception(self) -> bool:
        """Whether the program did not come to its last line. Asked when it has ended."""
        # Not by `dis`: importing it evaluates code, and then Python forgets that it is to end by SIGINT.
        import opcode

        frame = self._frame
        if frame is None or frame.f_lasti < 0:
            return False
        return not opcode.opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")

    def exit_argument(self) -> Any:
        """What the main program's own level gave to SystemExit where it was left, if it stands there; else UNKNOWN."""
        operations = self._operations()
        if operations and operations[-1].opname == "RAISE_VARARGS":
            operations.pop()
            if operations and operations[-1].opname in _NAMES and self._value(operations[-1].argval) is SystemExit:
                return None  # the class, without a call
        if not operations or not operations.pop().opname.startswith("CALL"):
            return UNKNOWN
        argument = operations.pop().argval if operations and operations[-1].opname in _CONSTANTS else None
        called = operations[-1] if operations else None
        if called is None or called.opname not in _NAMES:
            return UNKNOWN
        return argument if any(one is self._value(called.argval) for one in self._exits) else UNKNOWN

    def _value(self, name: str) -> Any:
        return self._frame.f_globals.get(name, getattr(builtins, name, None))

    def _operations(self) -> list[Any]:
        """The instructions up to the one at which the frame stands."""
        import dis

        frame = self._frame
        if frame is None or frame.f_lasti < 0:
            return []
        passed = (one for one in dis.get_instructions(frame.f_code) if one.offset <= frame.f_lasti)
        return [one for one in passed if one.opname not in _NOISE]

    def _listen(self, codes: list[Any]) -> None:
        """Each call in these codes is told once and no more, but for those that end the program."""
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is None:
            return
        try:
            tool = next(one for one in (4, 3) if monitoring.get_tool(one) is None)
            monitoring.use_tool_id(tool, "runferry")
        except (StopIteration, ValueError):  # debuggers and profilers have them all
            return
        self._tool = tool
        exits, no_more, nothing, saw = self._exits, monitoring.DISABLE, monitoring.MISSING, self._saw

        def called(code: Any, offset: int, function: Any, argument: Any) -> Any:
            if not any(one is function for one in exits):
                return no_more
            saw(None if argument is nothing else argument)
            return None

        monitoring.register_callback(tool, monitoring.events.CALL, called)
        for code in codes:
            monitoring.set_local_events(tool, code, monitoring.events.CALL)
