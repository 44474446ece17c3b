"""Where settings are changed: one change at a time, off the window's thread, saved and then in force at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from runferry.desktop.context import Context
from runferry.errors import AppError
from runferry.settings import Option, Origin, Settings

T = TypeVar("T")


class Desk(QObject):
    """Shared by all panes. Emits `changed` on the window's thread after each change that worked."""

    changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context

    @property
    def settings(self) -> Settings:
        """As they are in force now."""
        return self._context.engine.settings

    @property
    def environ(self) -> dict[str, str]:
        """The variables that the app was started with."""
        return self._context.engine.environ

    def value(self, option: Option) -> Any:
        """The value of an option that is in force."""
        return self.settings.get(option.name)

    def locked_by(self, option: Option) -> str:
        """The variable that sets an option; empty where none does."""
        if self.settings.origin(option.name) is not Origin.ENVIRONMENT:
            return ""
        return next((one for one in option.variables if self.environ.get(one, "").strip()), "")

    def keep(self, option: Option, value: Any, failed: Callable[[AppError], None]) -> None:
        """Save another value of an option."""
        self.change(failed, **{option.name: value})

    def change(self, failed: Callable[[AppError], None], **values: Any) -> None:
        """Save other values of options; `failed` is told why one was not taken."""
        self.edit(lambda settings: settings.changed(**values).save(), None, failed)

    def edit(
        self,
        work: Callable[[Settings], T],
        then: Callable[[T], None] | None = None,
        failed: Callable[[AppError], None] | None = None,
    ) -> None:
        """Do something that changes and saves settings, given as they are in the file at that moment."""
        engine = self._context.engine

        def over(result: T) -> None:
            self.changed.emit()
            self._context.bridge.look_again()
            if then is not None:
                then(result)

        self._context.tasks.run(lambda: engine.edit_settings(work), over, failed or self._context.shell.tell)
