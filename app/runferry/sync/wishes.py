"""What may be sent of a run: the app's settings and what the training's shell asked for, the stricter one wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from runferry.settings import Settings
from runferry.settings.model import Origin


@dataclass(frozen=True)
class Wishes:
    """`metrics_only`: history, summary and config, and nothing else. `ignore_globs`: files that stay here.

    `code`: whether changes of the code may be sent; None: nobody said, so only to the local server. `follow_links`:
    what links of the run lead to outside of its folder is sent, too; `named_links`: these files, wherever they lie.
    """

    metrics_only: bool = False
    console: bool = True
    ignore_globs: tuple[str, ...] = ()
    code: bool | None = None
    follow_links: bool = False
    named_links: tuple[str, ...] = ()

    def may_send_file(self, name: str) -> bool:
        """Whether a file of the run may leave this computer; `*` does not cross a slash, as in Go's path matching."""
        return not self.metrics_only and not any(glob_matches(glob, name) for glob in self.ignore_globs)


def app_wishes(settings: Settings, environ: Mapping[str, str]) -> Wishes:
    """What the app's settings and this process's variables say."""
    globs = tuple(one for one in environ.get("WANDB_IGNORE_GLOBS", "").split(",") if one)
    is_said = settings.origin("save_code") is not Origin.DEFAULT
    return Wishes(settings.metrics_only, settings.console, globs, settings.save_code if is_said else None)


def combine(app: Wishes, marker: Mapping[str, Any] | None) -> Wishes:
    """The app's wishes with those that the recorder wrote into `runferry.json`, which can only make them stricter."""
    if not marker:
        return app
    globs = marker.get("ignore_globs")
    return replace(
        app,
        metrics_only=app.metrics_only or bool(marker.get("metrics_only")),
        console=app.console and marker.get("console") not in ("off", False),
        ignore_globs=(*app.ignore_globs, *(str(one) for one in globs if one))
        if isinstance(globs, list)
        else app.ignore_globs,
        code=_stricter(app.code, marker.get("save_code")),
    )


def _stricter(app: bool | None, training: object) -> bool | None:
    """No wins; a yes of either is one."""
    said = [one for one in (app, training) if isinstance(one, bool)]
    return all(said) if said else None


def glob_matches(glob: str, name: str) -> bool:
    """Whether a run-relative name matches, part by part."""
    globs, parts = glob.split("/"), name.split("/")
    return len(globs) == len(parts) and all(fnmatchcase(part, one) for part, one in zip(parts, globs, strict=True))
