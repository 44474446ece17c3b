"""The chain that a server presents, leaf first, with the link that is not trusted marked where it is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.buttons import Button
from runferry.desktop.parts.labels import Label, Shape
from runferry.desktop.settings.certificate_view import CertificateView, common_name
from runferry.desktop.text import breakable, tr
from runferry.engine.certificate_files import Presented

INDENT = 24


class ChainView(QWidget):
    """`save` is asked for a file; comparing and adding that is a way of its own, on purpose."""

    def __init__(self, seen: Presented, save: Callable[[], None]) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        self.verdict = Label(bold=True, wrap=True)
        self.marks: list[str] = []
        said, shape, tone = verdict(seen)
        self.verdict.setText(said)
        box.addLayout(_row(Shape(shape, tone, 20, said), self.verdict))
        for note in notes(seen):
            box.addWidget(Label(breakable(note), wrap=True))
        for number in range(len(seen.chain)):
            box.addWidget(self._link(seen, number))
        if seen.chain:
            row = QHBoxLayout()
            row.addWidget(Button(tr("Save these certificates as a file…"), save, "download"))
            row.addStretch(1)
            box.addLayout(row)
            hint = tr("Compare their SHA-256 with what IT says before you add any of them above.")
            box.addWidget(Label(hint, Size.SMALL, Tone.SUBTLE, wrap=True))

    def _link(self, seen: Presented, number: int) -> QWidget:
        one = seen.chain[number]
        link = QWidget()
        box = QVBoxLayout(link)
        box.setContentsMargins(min(number, 4) * INDENT, 0, 0, 0)
        box.setSpacing(4)
        name = Label(breakable(common_name(one.subject)), bold=True, wrap=True)
        box.addLayout(_row(Shape("certificate", Tone.SUBTLE), name))
        box.addWidget(CertificateView(one))
        if number == seen.untrusted_at:
            text = tr("Issued by {name}, which is not trusted here", name=common_name(one.issuer))
            self.marks.append(text)
            mark = Label(breakable(text), tone=Tone.BAD, bold=True, wrap=True)
            box.addLayout(_row(Shape("step-fail", Tone.BAD, 18, tr("Not trusted")), mark))
        return link


def verdict(seen: Presented) -> tuple[str, str, Tone]:
    """In a sentence: trusted or not."""
    if not seen.chain:
        return tr("It showed no certificate"), "step-fail", Tone.BAD
    if seen.untrusted_at is None:
        return tr("Issued by an authority that is trusted here"), "step-ok", Tone.GOOD
    return tr("Not trusted here"), "step-fail", Tone.BAD


def notes(seen: Presented) -> list[str]:
    """What else can be seen."""
    found = []
    if seen.middleman:
        found.append(tr("A proxy ({name}) is re-signing this connection.", name=seen.middleman.title()))
    elif seen.chain and not seen.is_public:
        found.append(tr("No public authority stands behind it: a company's own server, or a proxy that re-signs."))
    if seen.is_incomplete:
        found.append(tr("The server leaves out a certificate between its own and the authority's: tell its owner."))
    if seen.wants_client_certificate:
        found.append(tr("The server asks for a client certificate."))
    return found


def _row(shape: Shape, label: Label) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(GRID)
    row.addWidget(shape)
    row.addWidget(label, 1)
    return row
