"""Reads logs in the recorder's tests: a naive reader of the block format, and protobuf classes made from the schema.

Independent of the product's own reader on purpose: a shared mistake would test itself.
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from runferry.wire.schema import MESSAGES

_KINDS = {
    "string": 9,
    "bytes": 12,
    "bool": 8,
    "int32": 5,
    "int64": 3,
    "sint64": 18,
    "uint32": 13,
    "uint64": 4,
    "double": 1,
    "enum": 5,  # on the wire an enum is an int32
}


def split(data: bytes, start: int = 7) -> list[bytes]:
    """The records of a log; asserts every checksum, order of chunks, and that nothing is left over."""
    records, parts, at = [], None, start
    while at < len(data):
        left = 32768 - at % 32768
        if left < 7:
            assert not any(data[at : at + left])
            at += left
            continue
        crc, size, kind = struct.unpack_from("<IHB", data, at)
        payload = data[at + 7 : at + 7 + size]
        assert len(payload) == size, "torn"
        assert 7 + size <= left, "across a block"
        assert zlib.crc32(data[at + 6 : at + 7 + size]) == crc, f"checksum at {at}"
        at += 7 + size
        if kind in (1, 2):
            assert parts is None
            parts = []
        assert parts is not None
        parts.append(payload)
        if kind in (1, 4):
            records.append(b"".join(parts))
            parts = None
    assert parts is None, "unfinished record"
    return records


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="test_schema.proto", package="t", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            made = message.field.add(name=field, number=number, label=1)
            inner = kind.strip("[]{}")
            if kind[0] in "[{":
                made.label = 3
            if kind[0] == "{":
                entry = message.nested_type.add(name="".join(p.title() for p in field.split("_")) + "Entry")
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, label=1, type=9)
                value = entry.field.add(name="value", number=2, label=1)
                _type(value, inner)
                made.type, made.type_name = 11, f".t.{name}.{entry.name}"
            else:
                _type(made, inner)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"t.{name}")) for name in MESSAGES}


def _type(field: Any, kind: str) -> None:
    if kind in _KINDS:
        field.type = _KINDS[kind]
    else:
        field.type, field.type_name = 11, f".t.{kind}"


CLASSES = _classes()


def parse(record: bytes) -> Any:
    """One record as a protobuf message."""
    return CLASSES["Record"].FromString(record)


class Log:
    """A log, taken apart."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        assert data[:7] == b":W&B\xe1\xbe\x00"
        self.records = [parse(one) for one in split(data)]

    @property
    def kinds(self) -> list[str]:
        """What each record is."""
        return [
            next(f.name for f, _ in one.ListFields() if f.name not in ("num", "_info", "control"))
            for one in self.records
        ]

    def all(self, kind: str) -> list[Any]:
        """The messages of one kind."""
        return [getattr(one, kind) for one, name in zip(self.records, self.kinds, strict=True) if name == kind]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """History rows, nested."""
        rows = []
        for history in self.all("history"):
            row: dict[str, Any] = {}
            for item in history.item:
                _place(row, list(item.nested_key), json.loads(item.value_json))
            assert row["_step"] == history.step.num
            rows.append(row)
        return rows

    def metrics(self) -> list[dict[str, Any]]:
        """Rows without the internal keys."""
        return [{key: value for key, value in row.items() if not key.startswith("_")} for row in self.rows]

    @property
    def summary(self) -> dict[str, Any]:
        """All summary records applied."""
        summary: dict[str, Any] = {}
        for record in self.all("summary"):
            for item in record.update:
                _place(summary, list(item.nested_key) or [item.key], json.loads(item.value_json))
            for item in record.remove:
                _remove(summary, list(item.nested_key) or [item.key])
        return summary

    @property
    def config(self) -> dict[str, Any]:
        """The run record's config with later config records applied."""
        items = self.all("run")[0].config.update
        config = {item.key: json.loads(item.value_json) for item in items}
        for record in self.all("config"):
            for item in record.update:
                _place(config, list(item.nested_key) or [item.key], json.loads(item.value_json))
            for item in record.remove:
                _remove(config, list(item.nested_key) or [item.key])
        return config

    @property
    def console(self) -> str:
        """Everything printed, both streams."""
        return "".join(one.line for one in self.all("output_raw"))

    @property
    def exit_code(self) -> int | None:
        """The exit record's code; None without one."""
        exits = self.all("exit")
        assert len(exits) <= 1
        return exits[0].exit_code if exits else None


def _place(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for label in path[:-1]:
        if not isinstance(tree.get(label), dict):
            tree[label] = {}
        tree = tree[label]
    if isinstance(value, dict) and isinstance(tree.get(path[-1]), dict):
        for key, one in value.items():
            _place(tree[path[-1]], [key], one)
    else:
        tree[path[-1]] = value


def _remove(tree: dict[str, Any], path: list[str]) -> None:
    for label in path[:-1]:
        tree = tree.get(label, {})
    tree.pop(path[-1], None)


def only_log(root: Path) -> Log:
    """The log of the only run below `root`."""
    (path,) = root.glob("*wandb/offline-run-*/run-*.wandb")
    return Log(path)


def only_folder(root: Path) -> Path:
    """The only run folder below `root`."""
    (path,) = root.glob("*wandb/offline-run-*")
    return path
