# ruff: noqa: E501, F401 - the expressions use the modules, and are tables
"""Everything public of a run, called with some hundred kinds of values. Run by test_differences, once with each client.

Arguments: the client's module, an empty working folder. Prints one JSON object: for each case what the call raised
("" for nothing) and gave; what was recorded is read from the logs. Cases are expressions, so that the page of
differences can show them as they are called.
"""

from __future__ import annotations

import argparse
import array
import collections
import datetime
import decimal
import enum
import fractions
import importlib
import json
import math
import os
import pathlib
import sys
import types
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Options:
    lr: float = 0.1


Point = collections.namedtuple("Point", "x y")


class Plain:
    """An object that says nothing of itself but its name."""

    def __repr__(self) -> str:
        return "<Plain>"


class Itself:
    """Gives itself when it is asked for its number."""

    shape = ()

    def item(self) -> Any:
        return self

    def tolist(self) -> Any:
        return self

    def __float__(self) -> float:
        return 0.5

    def __repr__(self) -> str:
        return "<Itself>"


class Raises:
    """Raises whatever is asked of it."""

    def __float__(self) -> float:
        raise RuntimeError("no float")

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Mapped(collections.abc.Mapping):  # type: ignore[type-arg]
    """A mapping that is no dict."""

    def __getitem__(self, key: str) -> int:
        return {"a": 1}[key]

    def __iter__(self) -> Any:
        return iter(["a"])

    def __len__(self) -> int:
        return 1


class Number:
    """A number by `__float__` alone."""

    def __float__(self) -> float:
        return 0.25

    def __repr__(self) -> str:
        return "<Number>"


# How one value is written in a call; `_` stands for it in the forms below.
VALUES = (
    # plain
    "1", "0", "-1", "1.5", "-0.0", "1e300", "1e-300", "True", "False", "None", "'text'", "''", "'ü ☃ 𝄞'",
    "'line\\nline'", "'nul\\0'", "'\\ud800'", "'x' * 5000", "math.nan", "math.inf", "-math.inf",
    "2**53", "2**53 + 1", "2**63 - 1", "2**63", "-2**63", "2**64", "10**30", "10**400",
    # bytes, complex, exact numbers, times
    "b'bytes'", "b'\\xff'", "bytearray(b'x')", "1 + 2j", "2j", "1.5 - 2j", "decimal.Decimal('1.5')", "decimal.Decimal('NaN')",
    "fractions.Fraction(1, 4)", "datetime.datetime(2020, 1, 2, 3)", "datetime.date(2020, 1, 2)", "datetime.time(3)",
    "datetime.timedelta(minutes=1)", "uuid.UUID(int=1)", "pathlib.PurePosixPath('a/b')", "Colour.RED", "Level.HIGH",
    # numpy
    "np.float16(0.5)", "np.float32(0.1)", "np.float64(0.1)", "np.longdouble('0.5')", "np.int8(-3)", "np.uint64(2**64 - 1)",
    "np.bool_(True)", "np.str_('text')", "np.bytes_(b'x')", "np.complex64(1 + 2j)", "np.clongdouble(1 + 2j)",
    "np.datetime64('2020-01-02')", "np.timedelta64(5, 's')", "np.float32('nan')", "np.float64('inf')",
    "np.array(2.5)", "np.array(2.5, dtype=np.longdouble)", "np.array([7])", "np.array([[7.0]])", "np.array([])",
    "np.array([1, 2, 3])", "np.array([0.5, 1.5], dtype=np.longdouble)", "np.array([[1, 2], [3, 4]])",
    "np.array([True, False])", "np.array(['a', 'b'])", "np.array([None, 1], dtype=object)", "np.array([1 + 2j])",
    "np.array(['2020-01-02'], dtype='datetime64[D]')", "np.zeros(32)", "np.zeros(33)", "np.arange(100)",
    "np.arange(100).reshape(10, 10)", "np.full(40, np.nan)", "np.arange(100, dtype=np.longdouble)",
    "np.ma.masked_array([1, 2], mask=[True, False])", "np.ma.masked", "np.zeros(0, dtype=int)", "np.array(['a'] * 40)",
    "np.array([(1, 2.5)], dtype=[('a', int), ('b', float)])", "np.matrix([[1, 2]])", "np.random.default_rng",
    # containers
    "[]", "[1, 2]", "[1, [2, [3]]]", "()", "(1, 'a')", "{}", "{'a': 1}", "{'a': {'b': {'c': 1}}}", "{'a': {}}", "{'a': []}",
    "{1: 2}", "{None: 1}", "{True: 1}", "{1.5: 1}", "{(1, 2): 3}", "{'a.b': 1}", "{'': 1}", "{'a': None}", "{'a/b': 1}",
    "{1, 2}", "frozenset([1])", "range(3)", "iter([1, 2])", "(one for one in [1])", "map(str, [1])", "array.array('d', [0.5])",
    "collections.deque([1])", "collections.OrderedDict(a=1)", "collections.Counter('aa')", "collections.defaultdict(int, a=1)",
    "collections.ChainMap({'a': 1})", "{'a': 1}.keys()", "{'a': 1}.items()", "Point(1, 2)", "Options()", "Mapped()",
    "types.SimpleNamespace(a=1)", "types.MappingProxyType({'a': 1})", "argparse.Namespace(a=1)", "memoryview(b'ab')",
    "[None, True, 1.5]", "[math.nan]", "[np.float32(0.5)]", "[np.array([1, 2])]", "[{'a': 1}]", "[[1, 2], [3]]",
    "[Plain()]", "{'a': Plain()}",  "{'a': np.float32(0.5)}", "{'a': np.arange(100)}", "{'a': (1, 2)}", "[1] * 100",
    # things
    "Plain()", "Itself()", "Raises()", "Number()", "int", "len", "math", "lambda: 1", "Plain", "Ellipsis", "NotImplemented",
    "object", "ValueError('x')", "slice(1)", "sys.stdout", "print",
    # W&B's own forms
    "{'_type': 'histogram', 'bins': [0, 1], 'values': [3]}", "{'_type': 'unknown-kind', 'x': 1}",
)  # fmt: skip

FORMS = {
    "log": "run.log({key: _})",
    "config": "run.config[key] = _",
    "update": "run.config.update({key: _})",
    "summary": "run.summary[key] = _",
}

# Whole calls, in a run of their own each group; what they record is compared as a whole.
CALLS = {
    "log": (
        "run.log({'a': 1})", "run.log({})", "run.log(None)", "run.log(5)", "run.log('text')", "run.log([('a', 1)])",
        "run.log(Mapped())", "run.log(collections.OrderedDict(a=1))", "run.log({1: 2})", "run.log({None: 1})",
        "run.log({'a': 1, 2: 3})", "run.log({(1,): 1})", "run.log({b'x': 1})", "run.log({'': 1})", "run.log({'a.b': 1})",
        "run.log({'a': {'b': 1}, 'a.b': 2})", "run.log({'_step': 5})", "run.log({'_timestamp': 1})", "run.log({'_runtime': 1})",
        "run.log({'_wandb': 1})", "run.log({'_mine': 1})", "run.log({'x' * 300: 1})", "run.log({'k': 1}, commit=False)",
        "run.log({'l': 1})", "run.log({'a': 1}, commit=None)", "run.log({'a': 1}, commit=1)", "run.log({'a': 1}, step=None)",
        "run.log({'a': 1}, step=100)", "run.log({'b': 1}, step=100)", "run.log({'a': 1}, step=50)",
        "run.log({'a': 1}, step=101, commit=True)", "run.log({'a': 1}, step=103.0)", "run.log({'a': 1}, step=104.7)",
        "run.log({'a': 1}, step='105')", "run.log({'a': 1}, step='x')", "run.log({'a': 1}, step=np.int64(106))",
        "run.log({'a': 1}, step=np.float32(107))", "run.log({'a': 1}, step=np.array(108))", "run.log({'a': 1}, step=np.array([109]))",
        "run.log({'a': 1}, step=True)", "run.log({'a': 1}, step=-1)", "run.log({'a': 1}, step=[1])", "run.log({'a': 1}, step=Plain())",
        "run.log({'a': 1}, step=math.nan)", "run.log({'a': 1}, step=math.inf)", "run.log({'a': 1}, step=decimal.Decimal(111))",
        "run.log({'a': 1})", "run.log({'last': 1}, commit=True)",
    ),
    "steps": (
        "run.log({'a': 1}, step=2**40)", "run.log({'a': 1}, step=2**63 - 2)", "run.log({'a': 1}, step=10**30)",
        "run.log({'last': 1})",
    ),
    "config": (
        "run.config.update({'a': 1})", "run.config.update({'a': 2})", "run.config.update({'a': 3}, allow_val_change=True)",
        "run.config.a = 4", "run.config['a'] = 5", "run.config.update(argparse.Namespace(n=1))", "run.config.update(Options())",
        "run.config.update(Mapped())", "run.config.update(None)", "run.config.update(5)", "run.config.update([('k', 1)])",
        "run.config.update({1: 2})", "run.config.update({None: 2})", "run.config.update({'a.b': 2})",
        "run.config.setdefaults({'a': 9, 'z': 9})", "run.config.nested = {'x': 1, 'y': 2}", "run.config.update({'nested': {'x': 2}})",
        "run.config['nested']['z'] = 3", "run.config.missing", "run.config['missing']", "run.config.get('missing')",
        "run.config.get('missing', 7)", "'a' in run.config", "dict(run.config)['a']", "sorted(map(str, run.config.keys()))",
        "run.config.as_dict()['a']", "del run.config['a']", "run.config['_private'] = 1", "run.config._under = 1",
        "run.config.update({'_wandb': 1})", "run.config.update({'w': {'_type': 1}})", "json.dumps(dict(run.config)['nested'])",
    ),
    "summary": (
        "run.log({'loss': 1.0})", "run.summary['loss'] = 2.0", "run.summary.best = 3", "run.summary.update({'u': 1})",
        "run.summary.update(None)", "run.summary.update(5)", "run.summary['n'] = {'a': {'b': 1}}", "run.summary['n']['a']['b'] = 2",
        "run.summary['n']['a']['c'] = 3", "run.summary['n'].update({'d': 4})", "run.summary.missing", "run.summary['missing']",
        "run.summary.get('missing')", "run.summary.get('missing', 7)", "'best' in run.summary",
        "run.summary[1] = 2", "run.summary[None] = 2", "run.summary['gone'] = 1", "del run.summary['gone']", "del run.summary['never']",
        "run.summary['_step'] = 99", "sorted(map(str, run.summary.keys()))[:2]", "run.summary['a.b'] = 1", "run.log({'best': 1})",
    ),
    "define_metric": (
        "run.define_metric('a')", "run.define_metric('b', summary='min')", "run.define_metric('c', summary='min,max,mean,last,first')",
        "run.define_metric('d', summary='best', goal='maximize')", "run.define_metric('e', summary='best')", "run.define_metric('f', summary='none')",
        "run.define_metric('g', summary='copy')", "run.define_metric('h', summary='median')", "run.define_metric('i', summary='')",
        "run.define_metric('j', summary='min, max')", "run.define_metric('k', summary='MIN')", "run.define_metric('l', summary=5)",
        "run.define_metric('m', summary=['min'])", "run.define_metric('n', goal='up')", "run.define_metric('o', goal='minimize')",
        "run.define_metric('p', step_metric='a')", "run.define_metric('q', step_metric='a', step_sync=False)", "run.define_metric('r', step_sync=True)",
        "run.define_metric('s', step_metric=run.define_metric('epoch'))", "run.define_metric('t', step_metric=5)", "run.define_metric('u', step_metric='s*')",
        "run.define_metric('v', hidden=True)", "run.define_metric('w', hidden='yes')", "run.define_metric('x*')", "run.define_metric('x/*', summary='min')",
        "run.define_metric('*')", "run.define_metric('x*y')", "run.define_metric('')", "run.define_metric(None)", "run.define_metric(5)",
        "run.define_metric('b', summary='max')", "run.define_metric('b', hidden=True)", "run.define_metric('b', overwrite=True)",
        "run.define_metric('_y')", "run.define_metric('y.z', summary='min')", "run.define_metric('y\\\\.z', summary='min')",
        "run.define_metric('ü')", "run.define_metric('z', unknown=1)", "run.define_metric('z', 'a', True, True, 'min', True)",
        "run.log({'b': 3, 'c': 2, 'd': 5, 'e': 1, 'f': 9, 'x1': 1, 'x/loss': 4, 'y': {'z': 1}, 'y.z': 7, 'p': 1, 'a': 0})",
        "run.log({'b': 1, 'c': 4, 'd': 7, 'e': 0, 'f': 8, 'x1': 2, 'x/loss': 5, 'y': {'z': 3}, 'y.z': 8, 'p': 2})",
    ),
    "alert": (
        "run.alert('t', 'x')", "run.alert('t')", "run.alert(title='t', text='x', level='WARN')", "run.alert('t', 'x', level='warn')",
        "run.alert('t', 'x', level='nonsense')", "run.alert('t', 'x', level=5)", "run.alert('t', 'x', wait_duration=1)",
        "run.alert('t', 'x', wait_duration=1.5)", "run.alert('t', 'x', wait_duration=datetime.timedelta(minutes=2))",
        "run.alert('t', 'x', wait_duration='3')", "run.alert('t', 'x', wait_duration=-1)", "run.alert(5, 6)", "run.alert(None, None)",
        "run.alert('ü', 'x' * 5000)", "run.alert('', '')", "run.alert(Plain(), 'x')", "run.alert()", "run.alert('t', 'x', unknown=1)",
    ),
    "save": (
        "run.save('a.txt')", "run.save('*.txt')", "run.save('sub/*')", "run.save('sub')", "run.save('missing.txt')", "run.save('no*')",
        "run.save('sub/b.txt', base_path='sub')", "run.save('sub/b.txt', base_path='other')", "run.save(os.path.abspath('a.txt'))",
        "run.save(os.path.abspath('sub/b.txt'), base_path=os.getcwd())", "run.save(pathlib.Path('a.txt'))", "run.save(b'a.txt')",
        "run.save('a.txt', policy='now')", "run.save('a.txt', policy='end')", "run.save('a.txt', policy='live')", "run.save('a.txt', policy='x')",
        "run.save('../outside.txt')", "run.save('./a.txt')", "run.save('sub/../a.txt')", "run.save('http://host/a')", "run.save('s3://b/a')",
        "run.save('gs://b/a')", "run.save('c[1].txt')", "run.save('c[[]1].txt')", "run.save('**/*.txt')", "run.save('.hidden')",
        "run.save('.*')", "run.save('with space.txt')", "run.save('ü.txt')", "run.save('a:b.txt')", "run.save('t 10:30:00.txt')",
        "run.save('link.txt')", "run.save('linked/*')", "run.save('broken')", "run.save(5)", "run.save(None)", "run.save('')", "run.save(['a.txt'])",
        "run.save('a.txt', glob=False)", "run.save('*.txt', glob=False)", "run.save('c[1].txt', glob=False)", "run.save('sub/../sub/b.txt')",
        "run.save('new\\nline.txt')", "run.save('back\\\\slash.txt')", "run.save('pipe')",
        "run.save(put(run, 'own.txt'))", "run.save(put(run, 'own.txt'), base_path=run.dir)", "run.save('wandb-summary.json')", "run.save('requirements.txt')", "run.save('sub/config.yaml', base_path='sub')",
    ),
    "identity": (
        "run.name", "run.name == run.id", "setattr(run, 'name', 'other')", "run.name", "setattr(run, 'name', 5)", "setattr(run, 'name', None)",
        "setattr(run, 'notes', 'n')", "run.notes", "setattr(run, 'notes', None)", "setattr(run, 'notes', 5)", "setattr(run, 'tags', ['a', 'b'])", "run.tags",
        "setattr(run, 'tags', 'abc')", "setattr(run, 'tags', None)", "setattr(run, 'tags', [5])", "setattr(run, 'tags', ('c', 'c'))",
        "setattr(run, 'tags', ['x' * 100])", "run.step", "run.entity", "run.project", "run.group", "run.job_type", "run.sweep_id",
        "run.resumed", "run.starting_step", "run.offline", "run.disabled", "run.url", "isinstance(run.start_time, (int, float))",
        "os.path.isdir(run.dir)", "run.mark_preempting()", "run.to_html() is None",
    ),
}  # fmt: skip

# Arguments of `init`, each in a run of its own; `run` is finished at once.
INITS = (
    "project='p'", "project=None", "project=''", "project='with space'", "project='a/b'", "project='x' * 129", "project=5",
    "name='n'", "name=5", "name=''", "name='x' * 200", "name='ü'", "id='my-id'", "id='with space'", "id='a/b'", "id='a:b'", "id=''", "id=5",
    "id='x' * 129", "id=' lead'", "entity='me'", "entity=5", "group='g'", "group=5", "job_type='j'", "job_type=5", "notes='line\\nline'", "notes=5",
    "tags=['a', 'b']", "tags='a'", "tags=('a', 'a')", "tags=[]", "tags=['']", "tags=['x' * 65]", "tags=[5]", "tags=5", "tags={'a'}", "tags=''",
    "mode='offline'", "mode='dryrun'", "mode='disabled'", "mode='nonsense'", "mode=5", "resume='allow'", "resume='never'", "resume='nonsense'",
    "resume=True", "resume=False", "resume=5", "config={'a': 1}", "config={}", "config=None", "config=5", "config=argparse.Namespace(a=1)",
    "config=Options()", "config='missing.json'", "config='config.json'", "config='config.yaml'", "config=[('a', 1)]", "config={1: 2}", "config={'a.b': 1}",
    "config={'a': Plain()}", "config={'a': np.arange(100)}", "config={'n': {'x': 1}}", "config=Mapped()", "config={'a': 1}, config_include_keys=['a']",
    "config={'a': 1, 'b': 2}, config_exclude_keys=['a']", "config={'a': 1}, config_include_keys=['a'], config_exclude_keys=['b']", "dir='below'",
    "dir=pathlib.Path('below')", "settings={'run_name': 's'}", "settings={'unknown': 1}", "settings={'console': 'off'}", "settings=5", "settings={'run_tags': ['t']}",
    "settings={'quiet': 'maybe'}", "save_code=True", "save_code=False", "reinit=True", "reinit='finish_previous'", "unknown=1", "anonymous='allow'", "force=True",
    "tensorboard=True", "sync_tensorboard=True", "monitor_gym=True", "magic=True", "allow_val_change=True", "fork_from='x?_step=1'", "resume_from='x?_step=1'",
)  # fmt: skip

ENDS = (
    "run.finish()", "run.finish(0)", "run.finish(1)", "run.finish(7)", "run.finish(-1)", "run.finish(256)", "run.finish(2**31)", "run.finish(10**30)",
    "run.finish('x')", "run.finish('3')", "run.finish(1.5)", "run.finish(True)", "run.finish(None)", "run.finish(exit_code=2, quiet=True)", "run.finish([1])",
    "run.finish(); run.finish(3)", "run.finish(); run.log({'late': 1})", "run.finish(); run.config.late = 1", "run.finish(); run.summary['late'] = 1",
    "run.finish(); run.save('a.txt')", "run.finish(); run.alert('t')", "run.finish(); run.define_metric('m')", "run.finish(); setattr(run, 'name', 'late')",
    "run.finish(); run.name", "run.finish(); run.summary.get('a')", "run.finish(); run.config.get('a')",
)  # fmt: skip


def main(client: str, folder: str) -> None:
    """Do everything, tell what was raised and given."""
    os.chdir(folder)
    module = importlib.import_module(client)
    stage()
    told: dict[str, dict[str, str]] = {}
    told["values"] = {}
    for form, pattern in FORMS.items():
        run = begin(module, f"values-{form}")
        for at, text in enumerate(VALUES):
            call = pattern.replace("_", "value", 1) if form != "config" else "run.config[key] = value"
            told["values"][f"{form} {at}"] = values_call(run, call, text, f"v{at:03}")
        run.finish()
    for group, calls in CALLS.items():
        run = begin(module, f"calls-{group}")
        told[group] = {call: tried(call, run) for call in calls}
        run.finish()
    told["init"] = {one: initialised(module, f"{at:03}", one) for at, one in enumerate(INITS)}
    told["finish"] = {}
    for at, call in enumerate(ENDS):
        run = begin(module, f"end-{at:03}")
        run.log({"a": 1})
        told["finish"][call] = tried(call, run)
        run.finish()
    print("TOLD", json.dumps(told))


def stage() -> None:
    """Files that `save` and `init` are given."""
    for name in (
        "a.txt",
        "c[1].txt",
        ".hidden",
        "with space.txt",
        "ü.txt",
        "a:b.txt",
        "t 10:30:00.txt",
        "new\nline.txt",
        "back\\slash.txt",
    ):
        pathlib.Path(name).write_text("x")
    pathlib.Path("sub/deep").mkdir(parents=True)
    pathlib.Path("other").mkdir()
    for name in (
        "sub/b.txt",
        "sub/deep/d.txt",
        "../outside.txt",
        "wandb-summary.json",
        "requirements.txt",
        "sub/config.yaml",
    ):
        pathlib.Path(name).write_text("mine")
    pathlib.Path("link.txt").symlink_to("a.txt")
    pathlib.Path("linked").symlink_to("sub")
    pathlib.Path("broken").symlink_to("nowhere")
    os.mkfifo("pipe")
    pathlib.Path("config.json").write_text('{"from": "json"}')
    pathlib.Path("config.yaml").write_text("from:\n  value: yaml\n")


def put(run: Any, name: str) -> str:
    """A file that the training writes into the run's own folder."""
    path = pathlib.Path(run.dir, name)
    path.write_text("x")
    return str(path)


def begin(module: Any, name: str, **more: Any) -> Any:
    """A run whose folder is found by its id."""
    return module.init(project="p", id=name, mode="offline", settings={"silent": True, "console": "off"}, **more)


def values_call(run: Any, call: str, text: str, key: str) -> str:
    """One value in one form."""
    try:
        value = eval(text)
        exec(call, {"run": run, "key": key, "value": value})
    except BaseException as problem:
        return f"raises {type(problem).__name__}"
    return ""


def tried(call: str, run: Any) -> str:
    """One call: what it raised, or what it gave."""
    try:
        given = None
        for one in call.split("; "):
            given = (
                eval(one, {**globals(), "run": run}) if _is_expression(one) else exec(one, {**globals(), "run": run})
            )
    except BaseException as problem:
        return f"raises {type(problem).__name__}"
    return shown(given)


def _is_expression(text: str) -> bool:
    try:
        compile(text, "call", "eval")
    except SyntaxError:
        return False
    return True


def shown(given: Any) -> str:
    """What a call gave, without addresses and folders that differ by nature."""
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return "gives " + json.dumps([one.split("/files/")[-1] for one in given])
    if given is None or isinstance(given, (bool, int, float, str, tuple)):
        return f"gives {given!r}"
    return "gives an object"


def initialised(module: Any, name: str, arguments: str) -> str:
    """One `init`, and what it became."""
    given = eval(f"dict({arguments})")
    whole = {"project": "p", "id": f"init-{name}", "mode": "offline", **given}
    whole["settings"] = (
        {"silent": True, "console": "off", **given["settings"]}
        if isinstance(given.get("settings"), dict)
        else given.get("settings", {"silent": True, "console": "off"})
    )
    try:
        run = module.init(**whole)
    except BaseException as problem:
        return f"raises {type(problem).__name__}"
    place = pathlib.Path(run.dir).parent
    is_recorded = bool(list(place.glob("run-*.wandb")))
    run.finish()
    return f"folder {place.name}" if is_recorded else "records nothing"


if __name__ == "__main__":
    main(*sys.argv[1:])
