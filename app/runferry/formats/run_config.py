"""A run's config as servers want it: every key wrapped in ``{"value": …}``, and W&B's own part under ``_wandb``.

``_wandb`` holds, besides what the client put there, telemetry (``t``), metric definitions (``m``) and the environment
(``e``). A server needs ``t`` to believe that the run was started at all (resume asks for it).
"""

from __future__ import annotations

import uuid
from typing import Any

from runferry.formats.entries import MetricRule, RunContent
from runferry.formats.metadata import environment_value

_SUMMARY_NUMBERS = {"min": 1, "max": 2, "mean": 3, "best": 4, "last": 5, "none": 6, "copy": 7, "first": 8}


def config_value(content: RunContent, client_version: str = "", with_environment: bool = True) -> dict[str, Any]:
    """The wrapped config. `client_version`: named as the client where the log does not say which wrote it.

    with_environment: also where and how the run was started (host, user, arguments).
    """
    config = content.config.value()
    internal = config.pop("_wandb", None)
    own: dict[str, Any] = dict(internal) if isinstance(internal, dict) else {}
    telemetry = dict(content.telemetry)
    own["t"] = telemetry
    own["m"] = metric_list(content.metrics)
    version = telemetry.get("5") or content.writer.partition(" ")[2] or client_version
    if version:
        own["cli_version"] = version
    if telemetry.get("4"):
        own["python_version"] = telemetry["4"]
    environment = environment_value(content) if with_environment else None
    if environment:
        own["e"] = {_writer_id(content): environment}
    return {**{key: {"value": value} for key, value in config.items()}, "_wandb": {"value": own}}


def config_yaml(config: dict[str, Any]) -> str:
    """The text of config.yaml: the wrapped config, keys in alphabetical order."""
    from runferry.wire.yaml_text import dump  # type: ignore[import-not-found,unused-ignore]

    return str(dump(dict(sorted(config.items()))))


def program(content: RunContent) -> str:
    """The script that was run. (The official sync names itself.)"""
    environment = content.environment
    return str(environment.program or environment.code_path)


def metric_list(rules: list[MetricRule]) -> list[dict[str, Any]]:
    """The metric definitions as servers store them; "5" is the 1-based place of the step metric in this list."""
    listed = list(rules)
    names = {rule.name for rule in rules}
    for rule in rules:
        if rule.step_metric and rule.step_metric not in names:
            names.add(rule.step_metric)
            listed.append(MetricRule(name=rule.step_metric))
    places = {rule.name: place for place, rule in enumerate(listed, 1) if rule.name}
    return [_metric(rule, places) for rule in listed]


def _metric(rule: MetricRule, places: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {"1": rule.name} if rule.name else {"2": rule.glob}
    if rule.step_metric:
        found["5"] = places[rule.step_metric]
    flags = ((1, rule.step_sync), (2, rule.hidden), (3, rule.defined and not rule.glob))
    found["6"] = [number for number, is_set in flags if is_set]
    found["7"] = [_SUMMARY_NUMBERS[name] for name in rule.summary]
    if rule.goal:
        found["8"] = rule.goal
    return found


def _writer_id(content: RunContent) -> str:
    """The key of the environment: the writer's own id, else one that is the same each time the log is read."""
    given = str(content.environment.writer_id)
    return given or uuid.uuid5(uuid.NAMESPACE_OID, f"runferry:{content.run.run_id}").hex
