"""From the JSON file of results to a table for people: on the terminal, and in docs/benchmarks.md.

python tests/benchmarks/report.py       writes docs/benchmarks.md from bench-results/latest.json
"""

from __future__ import annotations

import json
from typing import Any

from figures import Figure
from rig import CHECKOUT, RESULTS

HEAD = ("", "Runferry", "wandb", "ratio", "target", "")
PAGE = """# Benchmarks

Made by `make bench-docs` from the results of `make bench`; do not edit.

Both programs ran in the same call, in turns, against the same kind of local server. The ratio tells how many times
better Runferry is. Raw samples of your own machine are in `bench-results/latest.json` after `make bench`.

{machine}

{table}

What is measured how stands at the top of each file in `tests/benchmarks/`. A 300-byte `os.write` is given beside the
time of `log()`, because that is what every row costs at least: it reaches the operating system before `log()` returns.
The limit for it is scaled where that write is slower than the 1.4 µs for which the target was set.
"""


def table(results: dict[str, Any]) -> str:
    """A Markdown table of all figures."""
    lines = [HEAD, tuple("---" if number == 0 else "---:" for number in range(len(HEAD)))]
    for one in results["measurements"].values():
        lines += [_line(Figure(**figure)) for figure in one["figures"]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(results: dict[str, Any]) -> str:
    """The whole of docs/benchmarks.md."""
    machine = results["machine"]
    text = (
        f"{machine['date']}: {machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}, {machine['peer']}. Load average when it began: {machine['load'][0]:.1f}"
        f" (above {machine['cores']}, other work slowed both sides)."
    )
    return PAGE.format(machine=text, table=table(results))


def _line(figure: Figure) -> tuple[str, ...]:
    ratio = f"{figure.ratio:.1f} x" if figure.ratio is not None else ""
    met = {True: "met", False: "**not met**", None: ""}[figure.met]
    theirs = "" if figure.theirs is None else f"{_number(figure.theirs)} {figure.unit}"
    return figure.name, f"{_number(figure.ours)} {figure.unit}".rstrip(), theirs.rstrip(), ratio, figure.goal, met


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


if __name__ == "__main__":
    target = CHECKOUT / "docs" / "benchmarks.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page(json.loads((RESULTS / "latest.json").read_text())))
    print(f"wrote {target}")
