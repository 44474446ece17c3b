"""Two lists of the certificates pane: where trust comes from, in order, and the files that were added here."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.network.telling import title
from runferry.desktop.parts.buttons import IconButton
from runferry.desktop.parts.labels import Elided, Label, Line, Shape
from runferry.desktop.parts.panel import Panel
from runferry.desktop.settings.certificate_view import common_name, short_fingerprint, validity
from runferry.desktop.text import plural, tr
from runferry.engine.certificate_files import FOR_ALL, FOR_SERVER, SYSTEM, Kept, TrustSource, system_store

_NAMES = {FOR_SERVER: "Company CA, this server only", FOR_ALL: "Company CA", SYSTEM: "System's trust store"}


class SourceList(Panel):
    """In the order in which they are asked."""

    def show_sources(self, sources: Sequence[TrustSource]) -> None:
        """Each in use, or ignored and why."""
        box = self.refill()
        for number, one in enumerate(sources):
            if number:
                box.addWidget(Line())
            box.addLayout(self._row(one))

    @staticmethod
    def _row(one: TrustSource) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        said = tr("ignored: {why}", why=one.ignored) if one.ignored else tr("in use")
        broken = "gone" in one.ignored
        tone = Tone.BAD if broken else Tone.SUBTLE if one.ignored else Tone.GOOD
        row.addWidget(Shape("step-fail" if broken else "step-skip" if one.ignored else "step-ok", tone, 18, said))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(Label(tr(_NAMES.get(one.name, one.name)), wrap=True))
        texts.addWidget(Elided(one.path or system_store(), Size.SMALL, Tone.SUBTLE))
        row.addLayout(texts, 1)
        row.addWidget(Label(said, tone=tone, wrap=True))
        return row


class KeptList(Panel):
    """One row per file; asks for details and for removal."""

    def __init__(self, details: Callable[[Kept], None], remove: Callable[[Kept], None]) -> None:
        super().__init__()
        self._details, self._remove = details, remove

    def show_kept(self, kept: Sequence[Kept]) -> None:
        """What was added here."""
        box = self.refill()
        now = datetime.datetime.now(datetime.timezone.utc)
        for number, one in enumerate(kept):
            if number:
                box.addWidget(Line())
            box.addLayout(self._row(one, now))
        if not kept:
            box.addWidget(Label(tr("None was added here."), tone=Tone.SUBTLE))

    def _row(self, one: Kept, now: datetime.datetime) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(Shape("certificate", Tone.BAD if one.problem else Tone.TEXT, 20, tr("Certificate")))
        texts = QVBoxLayout()
        texts.setSpacing(2)
        first = one.found[0] if one.found else None
        name = common_name(first.subject) if first else one.name
        more = len(one.found) - 1
        texts.addWidget(Elided(f"{name} {plural(more, '+ {n} more', '+ {n} more')}" if more > 0 else name, bold=True))
        scope = tr("for {server} only", server=title(one.server)) if one.server else tr("for all servers")
        if first is not None:
            said, tone = validity(first, now)
            if tone is not Tone.SUBTLE:
                texts.addWidget(Label(said, Size.SMALL, tone))
                said = ""
            parts = (scope, said, tr("issued by {name}", name=common_name(first.issuer)))
            texts.addWidget(Elided(" · ".join(part for part in parts if part), Size.SMALL, Tone.SUBTLE))
            texts.addWidget(Elided(f"SHA-256 {short_fingerprint(first.sha256)}", Size.SMALL, Tone.SUBTLE))
        else:
            texts.addWidget(Label(f"{scope}. {one.problem}", Size.SMALL, Tone.BAD, wrap=True))
        row.addLayout(texts, 1)
        details = IconButton("eye", tr("Details: {what}", what=f"{name}, {scope}"), lambda: self._details(one))
        details.setEnabled(first is not None)
        row.addWidget(details)
        row.addWidget(IconButton("trash", tr("Remove: {what}", what=f"{name}, {scope}"), lambda: self._remove(one)))
        return row
