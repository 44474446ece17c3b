"""The sheet over a certificate file that a person wants to add: what it holds, for whom, and only then a button.

Nothing is trusted before that button is pressed; a file that is no CA's has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, Tone
from runferry.desktop.network.telling import title
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Elided, Label, Line
from runferry.desktop.parts.panel import Scroll
from runferry.desktop.settings.certificate_view import CertificateView
from runferry.desktop.text import breakable, tr
from runferry.engine.certificate_files import Inspection

SHOWN = 12  # certificates of one file; a bundle of all public CAs has 140


class InspectSheet(QWidget):
    """`accepted` gets the server that the certificate is to be trusted for; empty for all."""

    def __init__(
        self,
        inspection: Inspection,
        servers: Sequence[str],
        accepted: Callable[[str], None],
        closed: Callable[[], None],
    ) -> None:
        super().__init__()
        self._accepted = accepted
        self.scope = QComboBox()
        self.scope.setAccessibleName(tr("Trust it for"))
        for server in servers:
            self.scope.addItem(tr("{server} only", server=title(server)), server)
        self.scope.addItem(tr("all servers"), "")
        self.accept = Button(tr("Trust it"), lambda: self._accepted(str(self.scope.currentData())), "check")
        self.refused = Label(tone=Tone.BAD, wrap=True)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(Elided(str(inspection.path), tone=Tone.SUBTLE))
        self._say(box, inspection)
        box.addWidget(self._certificates(inspection), 1)
        box.addLayout(self._foot(inspection, closed))

    @property
    def holds_work(self) -> bool:
        """A question that waits for its answer."""
        return not self.refused.text()

    def _say(self, box: QVBoxLayout, inspection: Inspection) -> None:
        error = inspection.refused
        if error is not None:
            self.refused.setText(breakable(f"{error.title}: {error.message} {error.todo}"))
            box.addWidget(self.refused)
            return
        said = tr(
            "Ask your IT department for the SHA-256 fingerprint, by phone for instance, and compare it with the one "
            "below. Whoever holds the key of this authority can read what you send to the servers that you choose."
        )
        box.addWidget(Label(said, wrap=True))

    @staticmethod
    def _certificates(inspection: Inspection) -> QWidget:
        area = Scroll(tr("What the file holds"), margin=0)
        for number, one in enumerate(inspection.found[:SHOWN]):
            if number:
                area.column.addWidget(Line())
            area.column.addWidget(CertificateView(one))
        more = len(inspection.found) - SHOWN
        if more > 0:
            area.column.addWidget(Label(tr("… and {n} more", n=more), tone=Tone.SUBTLE))
        area.column.addStretch(1)
        return area

    def _foot(self, inspection: Inspection, closed: Callable[[], None]) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(GRID)
        if inspection.refused is None:
            label = Label(tr("Trust it for"))
            label.setBuddy(self.scope)
            foot.addWidget(label)
            foot.addWidget(self.scope)
        foot.addStretch(1)
        foot.addWidget(Button(tr("Cancel") if inspection.refused is None else tr("Close"), closed))
        if inspection.refused is None:
            foot.addWidget(self.accept)
        return foot
