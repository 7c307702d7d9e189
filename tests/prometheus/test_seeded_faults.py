"""promtool's cases notice a rule that was changed: every number, comparison, time and word of one.

Each fault is one small change of one rule. The faults of an alert stand beside it under names of
their own, and its cases are asked for each of them; each fault of a recording rule has a file of
its own, since cases ask for it by its name.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

Rule = dict[str, Any]
Promtool = Callable[..., subprocess.CompletedProcess[str]]

UNCHANGEABLE = {"ShipSentryWatchdog", "platform:shipsentry_open_warnings:sum"}
"""There is nothing in them that could be changed so."""

FILES = 20
"""Files that one promtool judges: it keeps the memory of each until it ends."""

PROCESSES = 2

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

COMPARISONS = {
    ">": ("<", ">="),
    "<": (">", "<="),
    ">=": ("<", ">"),
    "<=": (">", "<"),
    "==": ("!=",),
}
WORDS = {"and": "unless", "unless": "and", "or": "and", "max": "min", "min": "max"}

_COMPARISON = re.compile(r"(?<![=!<>])(>=|<=|==|>|<)\s*(-?\d+(?:\.\d+)?)?")
_WORD = re.compile(r"\b(and|unless|or|max|min)(?=\s|\(|_over_time)")
_TIME = re.compile(r"(?:(?<=\[)|(?<=offset ))(\d+)([smhd])")
_VALUE = re.compile(r'(?<==|~)"([^"]*)"')
_BRACES = re.compile(r"\{[^}]*\}")


class Fault(NamedTuple):
    """A rule as it is not, and what was done to it."""

    rule: str
    change: str
    changed: Rule


def name_of(rule: Rule) -> str:
    """An alert's name, or a record's."""
    name: str = rule.get("alert") or rule["record"]
    return name


def faults(rule: Rule) -> Iterator[Fault]:
    """Every small change of a rule."""
    name, expr = name_of(rule), rule["expr"]
    for start, end, word in changes(expr):
        change = f"{expr[max(0, start - 40) : end]!r} ends in {word!r}"
        yield Fault(name, change, {**rule, "expr": expr[:start] + word + expr[end:]})
    if "for" in rule:
        # Not half of it: some cases take steps that are as long.
        for other in (0, 2 * in_seconds(rule["for"])):
            yield Fault(name, f"for {other} s", {**rule, "for": f"{other}s"})


def changes(expr: str) -> Iterator[tuple[int, int, str]]:
    """Places in an expression, and what is to stand there instead."""
    bare = _BRACES.sub(lambda found: " " * len(found[0]), expr)
    for found in _COMPARISON.finditer(bare):
        for other in COMPARISONS[found[1]]:
            yield *found.span(1), other
        if found[2]:
            for number in beside(found[2]):
                yield *found.span(2), number
    for found in _WORD.finditer(bare):
        yield *found.span(1), WORDS[found[1]]
    for found in _TIME.finditer(bare):
        seconds = in_seconds(found[0])
        for other in (seconds // 2, seconds * 2):
            yield *found.span(), f"{other}s"
    for braces in _BRACES.finditer(expr):
        for found in _VALUE.finditer(expr, *braces.span()):
            yield *found.span(1), "nothing"


def beside(number: str) -> tuple[str, str]:
    """A number a fifth less and a fifth more; whole numbers by one at least."""
    value = float(number)
    step = value / 5 if "." in number else max(1, abs(value) // 5)
    return f"{value - step:.12g}", f"{value + step:.12g}"


def in_seconds(time: str) -> int:
    """Prometheus' way of writing a time, with one unit."""
    return int(time[:-1]) * SECONDS[time[-1]]


class Bench:
    """Cases and rules cut down to what is asked of one rule."""

    def __init__(
        self, rules: list[Rule], cases: dict[str, dict[str, Any]], promtool: Promtool, into: Path
    ) -> None:
        self._records = {rule["record"]: rule for rule in rules if "record" in rule}
        self._cases = cases
        self._promtool = promtool
        self._into = into
        self._written = 0

    def of_alert(self, alert: Rule, seeded: list[Fault]) -> tuple[list[Path], dict[str, Fault]]:
        """Files with an alert and its faults, each under the name that the second result gives."""
        name = alert["alert"]
        named = {f"{name}_{n}": fault for n, fault in enumerate([Fault(name, "", alert), *seeded])}
        renamed = [{**fault.changed, "alert": other} for other, fault in named.items()]
        tests = {}
        for file in self._cases:
            found = []
            for case in self._cases[file]["tests"]:
                asks = [a for a in case.get("alert_rule_test", ()) if a["alertname"] == name]
                if asks:
                    each = [{**ask, "alertname": other} for other in named for ask in asks]
                    found.append({**case, "alert_rule_test": each})
            tests[file] = found
        return self._write([*self._made_of(alert), *renamed], tests), named

    def of_record(self, fault: Fault) -> list[Path]:
        """Files with a recording rule as the fault has it."""
        record = f'record="{fault.rule.rpartition(":")[0]}"'
        found = []
        for case in self._cases["records.yml"]["tests"]:
            asks = []
            for ask in case["promql_expr_test"]:
                # One question is about all records of one kind: what is told of others is left out.
                samples = [
                    {**sample, "value": float(sample["value"])}
                    for sample in ask["exp_samples"]
                    if "record=" not in sample["labels"] or record in sample["labels"]
                ]
                if fault.rule in ask["expr"] or ("label_replace" in ask["expr"] and samples):
                    asks.append({**ask, "exp_samples": samples})
            if asks:
                found.append({**case, "promql_expr_test": asks})
        return self._write([*self._made_of(fault.changed), fault.changed], {"records.yml": found})

    def judge(self, paths: list[Path]) -> tuple[set[Path], str]:
        """Of these files those of which every case ends as it says; and what else was said."""
        shares = [paths[start : start + FILES] for start in range(0, len(paths), FILES)]
        with ThreadPoolExecutor(PROCESSES) as pool:
            runs = list(pool.map(lambda share: self._promtool("test", "rules", *share), shares))
        told = "".join(run.stdout for run in runs).split("Unit Testing:")[1:]
        verdicts = {Path(one.split()[0]): "SUCCESS" in one for one in told}
        assert verdicts.keys() == set(paths)
        return {path for path in paths if verdicts[path]}, "".join(run.stderr for run in runs)

    def check(self) -> None:
        """Every rule that was written can be read: a slip in it is no fault that is noticed."""
        run = self._promtool("check", "rules", *self._into.glob("*/rules.yml"))
        assert run.returncode == 0, run.stdout + run.stderr

    def _made_of(self, rule: Rule) -> list[Rule]:
        """The records that a rule is made of, in their order."""
        found: set[str] = set()
        wanted = [rule]
        while wanted:
            expr = wanted.pop()["expr"]
            new = {name for name in self._records if name in expr} - found
            found |= new
            wanted += [self._records[name] for name in new]
        return [record for name, record in self._records.items() if name in found]

    def _write(self, rules: list[Rule], tests: dict[str, list[dict[str, Any]]]) -> list[Path]:
        self._written += 1
        folder = self._into / str(self._written)
        folder.mkdir()
        _dump({"groups": [{"name": "all", "rules": rules}]}, folder / "rules.yml")
        paths = []
        for file, found in tests.items():
            if found:
                interval = self._cases[file]["evaluation_interval"]
                document = {"rule_files": ["rules.yml"], "evaluation_interval": interval}
                _dump({**document, "tests": found}, folder / file)
                paths.append(folder / file)
        assert paths
        return paths


def _dump(document: dict[str, Any], path: Path) -> None:
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def bench(
    rules: list[Rule], cases: dict[str, dict[str, Any]], promtool: Promtool, tmp_path: Path
) -> Bench:
    """Where faults are tried."""
    return Bench(rules, cases, promtool, tmp_path)


def test_every_rule_has_faults(rules: list[Rule]) -> None:
    """None is left out because it is written in a way that the changes do not know."""
    for rule in rules:
        seeded = [str(fault.changed) for fault in faults(rule)]
        assert len(set(seeded)) == len(seeded), name_of(rule)
        assert str(rule) not in seeded, name_of(rule)
        for sign in ("<", ">", "=="):
            if sign in rule["expr"]:
                assert len(seeded) >= 4, name_of(rule)
    assert {name_of(rule) for rule in rules if not [*faults(rule)]} == UNCHANGEABLE


def test_every_fault_of_an_alert_is_noticed(alerts: dict[str, Rule], bench: Bench) -> None:
    """One of its cases ends otherwise; the alert as it is passes all of the same cases."""
    paths: list[Path] = []
    named: dict[str, Fault] = {}
    for alert in alerts.values():
        written, names = bench.of_alert(alert, list(faults(alert)))
        paths += written
        named |= names
    bench.check()
    _, said = bench.judge(paths)
    noticed = set(re.findall(r"alertname: (\w+), time", said))
    assert not [name for name in noticed if not named[name].change], said
    overlooked = [
        f"{fault.rule}: {fault.change}"
        for name, fault in named.items()
        if fault.change and name not in noticed
    ]
    assert not overlooked, "\n".join(overlooked)


def test_every_fault_of_a_record_is_noticed(records: dict[str, Rule], bench: Bench) -> None:
    """One of its values is another; the record as it is passes all of the same cases."""
    sound = [path for n, r in records.items() for path in bench.of_record(Fault(n, "", r))]
    faulty = {
        path: fault
        for record in records.values()
        for fault in faults(record)
        for path in bench.of_record(fault)
    }
    bench.check()
    passed, said = bench.judge([*sound, *faulty])
    assert set(sound) <= passed, said
    overlooked = [
        f"{fault.rule}: {fault.change}" for path, fault in faulty.items() if path in passed
    ]
    assert not overlooked, "\n".join(overlooked)
