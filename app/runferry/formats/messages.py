"""Protobuf classes for the records of a log, built when this module is imported from the table in `wire.schema`.

`RECORD` is the one for reading fast: the items of history and summary records stay bytes, because a log of 100,000
rows has millions of them and most are never looked into; telemetry stays bytes because its newer fields are unknown
here and yet have to be handed on. Nothing in here judges what a record means.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from runferry.wire.schema import MESSAGES, Message

_PACKAGE = "runferry_log"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "sint64": _Field.TYPE_SINT64,
    "uint32": _Field.TYPE_UINT32,
    "uint64": _Field.TYPE_UINT64,
    "double": _Field.TYPE_DOUBLE,
    "enum": _Field.TYPE_INT32,  # an enum's number; names are the readers' business
}

_NOT_KINDS = {"num", "control", "_info"}  # fields of a record that do not say what it is
_ONEOFS = {
    "Record": {name for name in MESSAGES["Record"] if name not in _NOT_KINDS},
    "HistoryItem": {"none", "boolean", "integer", "number", "text", "json"},
}

_FAST: dict[str, Message] = {
    "RawHistory": {"item": (1, "[bytes]"), "step": (2, "HistoryStep")},
    "RawSummary": {"update": (1, "[bytes]"), "remove": (2, "[bytes]")},
    "Record": {
        **MESSAGES["Record"],
        "history": (2, "RawHistory"),
        "summary": (3, "RawSummary"),
        "config": (5, "RawSummary"),
        "telemetry": (11, "bytes"),
    },
    "RunRecord": {
        **MESSAGES["RunRecord"],
        "config": (4, "RawSummary"),
        "summary": (5, "RawSummary"),
        "telemetry": (19, "bytes"),
    },
}


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str) -> None:
    repeated = kind[0] in "[{"
    base = kind.strip("[]{}")
    field = message.field.add(name=name, number=number)
    field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
    if kind[0] == "{":
        entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add_field(entry, "key", 1, "string")
        _add_field(entry, "value", 2, base)
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{message.name}.{entry.name}"
    elif base in _SCALARS:
        field.type = _SCALARS[base]
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{base}"


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="runferry/log.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in {**MESSAGES, **_FAST}.items():
        message = file.message_type.add(name=name)
        oneof = _ONEOFS.get(name)
        if oneof:
            message.oneof_decl.add(name="kind")
        for field, (number, kind) in fields.items():
            _add_field(message, field, number, kind)
            if oneof and field in oneof:
                message.field[-1].oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = {**MESSAGES, **_FAST}
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in names}


CLASSES = _build()
RECORD = CLASSES["Record"]
ITEM = CLASSES["HistoryItem"]  # also reads summary and config items: the same numbers
HISTORY = CLASSES["RawHistory"]
SUMMARY = CLASSES["RawSummary"]
ENVIRONMENT = CLASSES["EnvironmentRecord"]
