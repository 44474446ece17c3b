"""Every detail of a run as lines that can be copied: log, writer, records, damage, and where it was verified."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QScrollArea, QVBoxLayout, QWidget

from runferry.desktop.look import amounts, words
from runferry.desktop.look.theme import GRID, MARGIN, Size, Tone
from runferry.desktop.parts.labels import Label
from runferry.desktop.summary import server_name
from runferry.desktop.text import plural, tr
from runferry.engine.details import DeliveryDetail, RunDetails

NAME = "name of a detail"  # of the labels in the left column
KINDS = {
    "recorder": tr("recorded by Runferry"),
    "wandb-offline": tr("offline run of W&B's client"),
    "wandb-online": tr("online run of W&B's client"),
    "legacy": tr("dry run of W&B's client before 0.10"),
}


class DetailsTab(QScrollArea):
    """Filled anew with each reading of the log."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its texts take it
        self.setAccessibleName(tr("Details"))

    def clear(self) -> None:
        """Nothing was read yet."""
        self.setWidget(QWidget())

    def show_details(self, found: RunDetails) -> None:
        """What was read."""
        inner = QWidget()
        box = QVBoxLayout(inner)
        box.setContentsMargins(MARGIN, GRID, MARGIN, MARGIN)
        box.setSpacing(MARGIN)
        _section(box, tr("Log"), _log_lines(found))
        if found.damage is not None and found.damage.gaps:
            _section(box, tr("What could not be read"), _damage_lines(found))
        if found.unmeasured:
            _section(box, tr("Not measured on this computer"), sorted(found.unmeasured.items()))
        for delivery in found.deliveries:
            _section(box, tr("On {server}", server=server_name(delivery.server)), _delivery_lines(delivery))
        if found.metadata:
            lines = [(name, _plain(value)) for name, value in sorted(found.metadata.items())]
            _section(box, tr("Environment"), lines)
        box.addStretch(1)
        _line_up(inner)
        place = self.verticalScrollBar().value()
        self.setWidget(inner)
        inner.adjustSize()
        self.verticalScrollBar().setValue(place)  # a run that grows is shown anew while somebody reads


def _line_up(inner: QWidget) -> None:
    """The names of all sections are one column."""
    names = inner.findChildren(Label, NAME)
    widest = max((one.sizeHint().width() for one in names), default=0)
    for one in names:
        one.setMinimumWidth(widest)


def _section(box: QVBoxLayout, title: str, lines: list[tuple[str, str]]) -> None:
    box.addWidget(Label(title, bold=True))
    form = QFormLayout()
    form.setHorizontalSpacing(MARGIN)
    form.setVerticalSpacing(6)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for name, value in lines:
        if value:
            label = Label(name, Size.BODY, Tone.SUBTLE)
            label.setObjectName(NAME)
            form.addRow(label, Label(value, wrap=True, selectable=True))
    box.addLayout(form)


def _log_lines(found: RunDetails) -> list[tuple[str, str]]:
    records = ", ".join(f"{amounts.count(number)} {kind}" for kind, number in sorted(found.records.items()))
    exit_code = "" if found.exit_code is None else str(found.exit_code)
    return [
        (tr("Path"), found.log),
        (tr("Run id"), found.run_id),
        (tr("Kind"), KINDS.get(found.kind.value, found.kind.value)),
        (tr("Written by"), found.writer),
        (tr("Size"), amounts.size(found.bytes)),
        (tr("Records"), records),
        (tr("Rows"), amounts.count(found.rows)),
        (tr("Last step"), "" if found.last_step is None else amounts.count(found.last_step)),
        (tr("Started"), amounts.exact(found.started)),
        (tr("Last written"), amounts.exact(found.changed)),
        (tr("Training"), words.RUN[found.run_state]),
        (tr("Exit code"), exit_code),
        (tr("Tags"), ", ".join(found.tags)),
        (tr("Notes"), found.notes),
        (tr("Unfinished at the end"), plural(found.torn, "{n} byte", "{n} bytes") if found.torn else ""),
    ]


def _damage_lines(found: RunDetails) -> list[tuple[str, str]]:
    assert found.damage is not None
    damage = found.damage
    rows = tr("not known") if damage.rows is None else tr("about {n}", n=amounts.count(damage.rows))
    lines = [
        (tr("Gaps"), amounts.count(damage.gaps)),
        (tr("Bytes"), amounts.size(damage.bytes)),
        (tr("Rows lost"), rows),
    ]
    return [*lines, *((tr("Gap {n}", n=number), text) for number, text in enumerate(damage.details, 1))]


def _delivery_lines(one: DeliveryDetail) -> list[tuple[str, str]]:
    verified = amounts.exact(one.verified_at) if one.verified_at else tr("never")
    error = f"{one.error.get('title', '')}. {one.error.get('message', '')}" if one.error else ""
    return [
        (tr("Project"), f"{one.entity}/{one.project}"),
        (tr("Address"), one.url),
        (tr("State"), words.SYNC[one.state].word),
        (tr("Rows acknowledged"), amounts.count(one.rows_acknowledged)),
        (tr("Verified"), verified),
        (tr("Compared"), ", ".join(one.verified)),
        (tr("Problem"), error),
    ]


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(str(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    return "" if value is None else str(value)
