"""Values of foreign kinds: stand-ins for torch, jax and tensorflow, and the standard library's own."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import itertools
import math
import random
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runferry.recorder.arrays import histogram
from runferry.recorder.faults import Faults
from runferry.recorder.values import plain, plain_row


class Tensor:
    """As torch's: `detach` first, `size` is a method, `tolist` and `item` give Python's numbers."""

    def __init__(self, values: Any, shape: tuple[int, ...], attached: bool = True) -> None:
        self._values, self.shape, self._attached = values, shape, attached

    def detach(self) -> Tensor:
        return Tensor(self._values, self.shape, False)

    def _check(self) -> None:
        if self._attached:
            raise RuntimeError("a tensor that requires grad")

    def item(self) -> Any:
        self._check()
        return self._values if not isinstance(self._values, list) else self._values[0]

    def tolist(self) -> Any:
        self._check()
        return self._values


class EagerTensor:
    """As tensorflow's: only `numpy`."""

    def __init__(self, values: Any, shape: tuple[int, ...]) -> None:
        self._values, self.shape = values, shape

    def numpy(self) -> Any:
        return Tensor(self._values, self.shape, False)


class Colour(enum.IntEnum):
    RED = 1


@dataclasses.dataclass
class Options:
    lr: float
    inner: Any


Point = collections.namedtuple("Point", "x y")


class OldFloat(float):
    def __repr__(self) -> str:
        return "lies"


class OldText(str):
    def __str__(self) -> str:
        return "lies"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Tensor(0.5, ()), 0.5), (Tensor([7], (1,)), 7), (Tensor([1.0, 2.0], (2,)), [1.0, 2.0]), (EagerTensor(3, ()), 3),
        (EagerTensor([1, 2], (2,)), [1, 2]), (decimal.Decimal("1.5"), 1.5), (fractions.Fraction(1, 4), 0.25),
        (decimal.Decimal("Infinity"), math.inf), (datetime.datetime(2020, 1, 2, 3), "2020-01-02T03:00:00"),
        (datetime.date(2020, 1, 2), "2020-01-02"), (datetime.timedelta(minutes=1), 60.0), (Colour.RED, 1),
        (bytearray(b"x\xff"), "x\ufffd"), (Options(0.1, {"a": (1,)}), {"lr": 0.1, "inner": {"a": [1]}}),
        (Point(1, 2), [1, 2]),
        (OldFloat(2.5), 2.5), (OldText("true"), "true"), (PurePosixPath("a/b"), "a/b"), (frozenset("ba"), ["a", "b"]),
        (collections.OrderedDict(a=1), {"a": 1}), (collections.deque([1]), [1]), ({"a": 1}.keys(), ["a"]),
        (1 + 2j, "1+2j"), ({True: 1, (1, "a"): 2}, {"true": 1, "1,a": 2}), ("\ud800", "\ud800"),
        (int, "builtins.int"), (iter("ab"), ["a", "b"]), ((one for one in "a"), ["a"]),
        (array.array("d", [0.5]), [0.5]),
        (math.sqrt, "math.sqrt"), (Colour, f"{__name__}.Colour"), (None, None),
        ({None: {1.5: ()}}, {"None": {"1.5": []}}),
    ],
)  # fmt: skip
def test_forms(value: Any, expected: Any) -> None:
    found = plain(value, Faults(True))
    assert found == expected
    assert type(found) is type(expected)


def test_long_arrays_become_histograms_and_lists_in_configs() -> None:
    numbers = [float(at) for at in range(100)]
    found = plain(Tensor(numbers, (100,)), Faults(True))
    # The same counts and edges as wandb 0.31 records for numpy.arange(100).
    assert found["values"] == [int(one) for one in "43333333334333333333343333333334"]
    assert found["bins"] == [99 / 32 * at for at in range(32)] + [99.0]
    assert plain(Tensor(numbers, (100,)), Faults(True), histograms=False) == numbers


@given(st.lists(st.floats(width=32), min_size=33, max_size=200))
def test_every_finite_number_is_counted(numbers: list[float]) -> None:
    found = histogram(Tensor(numbers, (len(numbers),), False))
    assert sum(found["values"]) == sum(map(math.isfinite, numbers))
    assert found["bins"] == sorted(found["bins"])
    assert (len(found["values"]), len(found["bins"])) == (32, 33)


_FOREIGN = st.recursive(
    st.sampled_from([object(), 1j, b"\xff", "\ud800", math.nan, 10**400, Tensor(1, ()), Colour.RED, None, int, print]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | st.text(), inner, max_size=3),
)


@given(_FOREIGN)
def test_nothing_raises_and_everything_is_plain(value: Any) -> None:
    assert _is_plain(plain(value, Faults(True)))


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _is_plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


class Hostile:
    """Everything that can be asked of it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    __float__ = __index__ = __str__ = __iter__ = __len__ = lambda self: 1 / 0


def test_hostile_and_endless_things() -> None:
    faults = Faults(True)
    assert plain(Hostile(), faults) == "<Hostile>"
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert _is_plain(plain(deep, faults))
    assert faults.counts["value-as-text"] == 2
    assert len(faults.notes) == 1


def test_what_is_given_is_not_kept() -> None:
    given_list = [1, [2]]
    found = plain(given_list, Faults(True))
    given_list[1].append(random.random())  # type: ignore[attr-defined]
    assert found == [1, [2]]


class Itself:
    """Gives itself, or another of its kind, when it is asked for its number."""

    shape: Any = ()

    def __init__(self, number: Any = 0.5) -> None:
        self._number = number

    def item(self) -> Any:
        return self

    tolist = item

    def __float__(self) -> Any:
        return self._number


class Endless:
    """An array with no end of dimensions."""

    @property
    def shape(self) -> Any:
        return iter(int, 1)

    def item(self) -> Any:
        return 1

    def __repr__(self) -> str:
        return "<endless>"


class Swapped:
    """Gives one of another kind, which gives one of this again."""

    shape = ()

    def item(self) -> Any:
        return Swapping()


class Swapping:
    shape = ()

    def item(self) -> Any:
        return Swapped()


class EndlessList(list):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        return iter(int, 1)


class EndlessDict(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        return ((str(number), number) for number in itertools.count())


class LyingText:
    """Its text is an object that is no plain text."""

    def __str__(self) -> str:
        return OldText("said")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Itself(), 0.5),
        ([Itself(), {"a": Itself(1.5)}], [0.5, {"a": 1.5}]),
        (LyingText(), "said"),
        (range(10**12), "<range>"),
        (iter(int, 1), "<callable_iterator>"),
        (EndlessList(), "<EndlessList>"),
        (EndlessDict(), "<EndlessDict>"),
        (Swapped(), "<Swapped>"),
        (Endless(), "<endless>"),
    ],
)
def test_what_gives_itself_or_has_no_end(value: Any, expected: Any) -> None:
    found = plain(value, Faults(True))
    assert found == expected or (isinstance(found, str) and found.startswith("<") and type(value) is Swapped)
    assert _is_plain(found)


def test_lists_in_which_lists_stand_several_times_end() -> None:
    value: Any = [1]
    for _ in range(50):
        value = [value, value]
    faults = Faults(True)
    row = plain_row({"bomb": value, "loss": 0.5}, faults)
    assert row == {"bomb": "<list>", "loss": 0.5}
    assert faults.counts == {"value-as-text": 1}
    held: list[Any] = []
    held += [held, held]
    assert plain(held, Faults(True)) == "<list>"


def test_numpy_gives_numbers_where_its_own_types_give_themselves() -> None:
    numpy = pytest.importorskip("numpy")
    wide = numpy.longdouble
    assert plain(wide("0.5"), Faults(True)) == 0.5
    assert plain(numpy.array(2.5, dtype=wide), Faults(True)) == 2.5
    assert plain(numpy.array([0.5, 1.5], dtype=wide), Faults(True)) == [0.5, 1.5]
    assert plain(numpy.array([[0.5], [1.5]], dtype=wide), Faults(True), False) == [[0.5], [1.5]]
    assert plain(wide("1e4000"), Faults(True)) == math.inf
    assert plain(numpy.clongdouble(1 + 2j), Faults(True)) == "1+2j"
    assert sum(plain(numpy.arange(100, dtype=wide), Faults(True))["values"]) == 100
    assert plain(numpy.ma.masked, Faults(True)) is None
