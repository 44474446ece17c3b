"""One certificate as people see it: subject, issuer, dates, and the fingerprint that is compared with what IT says."""

from __future__ import annotations

import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from runferry.desktop.look.theme import GRID, Size, Tone
from runferry.desktop.parts.labels import Label
from runferry.desktop.text import breakable, tr
from runferry.engine.certificate_files import Certificate, ends_soon


def common_name(text: str) -> str:
    """What people call a certificate: the CN of a subject, else its organisation, else all of it."""
    parts = dict(part.partition("=")[::2] for part in reversed(text.split(",")))
    return parts.get("CN") or parts.get("O") or text or tr("(no subject)")


def short_fingerprint(sha256: str) -> str:
    """The first and last bytes."""
    return f"{sha256[:11]}…{sha256[-11:]}" if len(sha256) > 24 else sha256


def fingerprint(sha256: str) -> str:
    """In two lines of the same length, to be compared by eye."""
    parts = sha256.split(":")
    half = (len(parts) + 1) // 2
    return f"{' '.join(parts[:half])}\n{' '.join(parts[half:])}"


def validity(one: Certificate, now: datetime.datetime) -> tuple[str, Tone]:
    """Until when, and whether that is near."""
    until = f"{one.not_after:%Y-%m-%d}"
    if one.not_after < now:
        return tr("expired on {date}", date=until), Tone.BAD
    if one.not_before > now:
        return tr("not valid before {date}", date=f"{one.not_before:%Y-%m-%d}"), Tone.BAD
    if ends_soon(one, now):
        return tr("only until {date}", date=until), Tone.BAD
    return tr("until {date}", date=until), Tone.SUBTLE


class CertificateView(QWidget):
    """All of it, to be read and copied."""

    def __init__(self, one: Certificate) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID * 2)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        now = datetime.datetime.now(datetime.timezone.utc)
        said, tone = validity(one, now)
        self._line(tr("Subject"), one.subject or tr("(no subject)"))
        self._line(tr("Issuer"), tr("itself") if one.is_self_signed else one.issuer)
        self._line(tr("Valid"), f"{one.not_before:%Y-%m-%d} – {one.not_after:%Y-%m-%d} ({said})", tone)
        if one.names:
            self._line(tr("For"), ", ".join(one.names))
        self._line(tr("Kind"), tr("authority (CA)") if one.is_ca else tr("server or person"))
        self._line(tr("SHA-256"), fingerprint(one.sha256))
        self.setAccessibleName(tr("Certificate {name}", name=common_name(one.subject)))

    def _line(self, name: str, value: str, tone: Tone = Tone.TEXT) -> None:
        row = self._grid.rowCount()
        label = Label(breakable(value), tone=tone, wrap=True, selectable=True)
        label.setAccessibleName(f"{name}: {value}")
        self._grid.addWidget(Label(name, Size.BODY, Tone.SUBTLE), row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(label, row, 1)
