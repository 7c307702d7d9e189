"""The alerts are right by promtool's cases, complete, and about metrics that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge
from support.promql import read

from streams.telemetry import metrics
from streams.telemetry.histogram import ManyHistogram
from streams.telemetry.metrics import Measured

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONFIG = ROOT / "prometheus" / "prometheus.yml"
RUNBOOK = ROOT / "docs" / "runbook.md"

Rule = dict[str, Any]
Promtool = Callable[..., subprocess.CompletedProcess[str]]

ALWAYS = "ShipSentryWatchdog"
"""It has no quiet case: that it fires is its message."""

SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds to everything it scrapes."""

FOREIGN = {"up": set[str](), "process_start_time_seconds": set[str]()}
"""Metrics of Prometheus and of its client library."""


def declared() -> dict[str, set[str]]:
    """The labels of every series that a worker shows, by name."""
    found: dict[str, set[str]] = {}
    for value in vars(metrics).values():
        if isinstance(value, Measured):
            found[value.name] = set(value.labels)
        elif isinstance(value, ManyHistogram):
            found[f"{value.name}_bucket"] = {*value.labels, "le"}
            found[f"{value.name}_count"] = found[f"{value.name}_sum"] = set(value.labels)
        elif isinstance(value, Counter | Gauge):
            kind = "_total" if isinstance(value, Counter) else ""
            found[f"{value._name}{kind}"] = set(value._labelnames)
    return found


def level(record: str) -> set[str]:
    """The labels that a recorded series has, as its name begins with them; `app`: none."""
    labels = record.partition(":")[0]
    if labels == "instance":
        return set(SCRAPED)
    return set() if labels == "app" else set(labels.split("_"))


def known(records: dict[str, Rule]) -> dict[str, set[str]]:
    """Every name that an expression may use, with its labels."""
    # Of several processes under one supervisor each series says whose it is.
    added = SCRAPED | {"process"}
    scraped = {name: labels | added for name, labels in (declared() | FOREIGN).items()}
    return scraped | {name: level(name) for name in records}


def sections() -> list[str]:
    """The alerts that the runbook has a section for, in its order."""
    return re.findall(r"^## (ShipSentry\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("what", [("config", CONFIG), ("rules", *CONFIG.parent.glob("rules/*"))])
def test_prometheus_takes_its_configuration(promtool: Promtool, what: tuple[str, ...]) -> None:
    """The configuration and the rules are read as they are."""
    run = promtool("check", *what)
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_its_comments_offer_is_taken_too(promtool: Promtool, tmp_path: Path) -> None:
    """Workers that serve HTTPS and want a token: the comments of the job, uncommented."""
    text = CONFIG.read_text(encoding="utf-8")
    began = text.index("    # scheme: https\n")
    ended = text.index("    # Workers elsewhere;")
    offered = re.sub(r"^    # ", "    ", text[began:ended], flags=re.MULTILINE)
    job = yaml.safe_load(offered)
    files = [*job["tls_config"].values(), *job["authorization"].values()]
    assert len(files) == 4
    for file in files:
        (tmp_path / file).touch()
    shutil.copytree(CONFIG.parent / "rules", tmp_path / "rules")
    path = tmp_path / "prometheus.yml"
    path.write_text(text[:began] + offered + text[ended:], encoding="utf-8")
    run = promtool("check", "config", path)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.yml")))
def test_every_case_ends_as_it_says(promtool: Promtool, name: str) -> None:
    """promtool evaluates the rules over the series of each case."""
    run = promtool("test", "rules", HERE / name)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_quiet(
    alerts: dict[str, Rule], cases: dict[str, dict[str, Any]]
) -> None:
    """And no case is about an alert that there is not."""
    asked = [
        (ask["alertname"], bool(ask["exp_alerts"]))
        for file in cases.values()
        for case in file["tests"]
        for ask in case.get("alert_rule_test", ())
    ]
    fire = {name for name, fires in asked if fires}
    quiet = {name for name, fires in asked if not fires}
    assert fire == set(alerts)
    assert quiet == set(alerts) - {ALWAYS}


def test_every_record_has_a_case(
    records: dict[str, Rule], cases: dict[str, dict[str, Any]]
) -> None:
    """The value of each recording rule is asked for by its name, with a value that it has."""
    asked = {
        series.metric
        for case in cases["records.yml"]["tests"]
        for ask in case["promql_expr_test"]
        if ask["exp_samples"]
        for series in read(ask["expr"]).selectors
    }
    untold = set(records) - asked
    counted = {
        found[1] + ":increase15m"
        for case in cases["records.yml"]["tests"]
        for ask in case["promql_expr_test"]
        for sample in ask["exp_samples"]
        if (found := re.search(r'record="([^"]+)"', sample["labels"]))
    }
    assert untold <= counted


def test_every_alert_says_how_bad_it_is_and_what_it_is_in_both_languages(
    alerts: dict[str, Rule],
) -> None:
    """Severity, a summary in English and in Chinese, a description."""
    for name, alert in alerts.items():
        assert name.startswith("ShipSentry")
        assert alert["labels"].keys() == {"severity"}, name
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}, name
        said = alert["annotations"]
        assert said.keys() == {"summary", "summary_zh", "description", "runbook_url"}, name
        assert all(text == text.strip() and text for text in said.values()), name
        assert re.search(r"[一-鿿]", said["summary_zh"]), name
        assert not re.search(r"[一-鿿]", said["summary"] + said["description"]), name


def test_descriptions_show_values_for_people_and_labels_that_there_are(
    alerts: dict[str, Rule], records: dict[str, Rule]
) -> None:
    """A value goes through a template function; a label belongs to a metric of the expression."""
    names = known(records)
    for name, alert in alerts.items():
        text = alert["annotations"]["description"]
        for end in re.findall(r"\$value([^}]*)}}", text):
            assert re.match(r" \| (humanize|humanizeDuration|humanizePercentage|printf) ?", end), (
                name
            )
        labels = {
            label for series in read(alert["expr"]).selectors for label in names[series.metric]
        }
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels, name


def test_links_lead_to_the_section_of_their_alert(alerts: dict[str, Rule]) -> None:
    """Panel n of the runbook's dashboard is its n-th section: they are in the rules' order."""
    assert sections() == list(alerts)
    for place, (name, alert) in enumerate(alerts.items(), 1):
        url = f"http://localhost:3000/d/shipsentry-runbook?viewPanel={place}"
        assert alert["annotations"]["runbook_url"] == url, name


def test_every_section_of_the_runbook_says_all_that_is_needed() -> None:
    """What it means, how to look, what to do, when it clears: each in words of its own."""
    text = RUNBOOK.read_text(encoding="utf-8")
    parts = re.split(r"^## (?=ShipSentry)", text, flags=re.MULTILINE)[1:]
    for part in parts:
        for word in ("**Look.**", "**Do.**", "**Ends**"):
            assert part.count(word) == 1, (part.splitlines()[0], word)
        assert len(part.split()) >= 60, part.splitlines()[0]


def test_the_runbook_names_commands_settings_and_metrics_that_there_are(
    records: dict[str, Rule],
) -> None:
    """Whoever follows it at night must not find that a flag was renamed."""
    text = RUNBOOK.read_text(encoding="utf-8")
    commands = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name in declared()} | set(declared())
    for name in re.findall(r"\bSHIPSENTRY_[A-Z_]+\b", text):
        assert f"`{name}`" in settings, name
    for name in re.findall(r"(?<![:\w])shipsentry_[a-z_]+", text):
        assert name in names, name
    for name in re.findall(r"\b\w+:shipsentry_\w+:\w+", text):
        assert name in records, name
    fenced = re.compile(r"```sh\n(.*?)```", re.DOTALL)
    written = [*fenced.findall(text), *re.findall(r"`([^`]+)`", fenced.sub("", text))]
    calls = [call for code in written for call in re.findall(r"\bshipsentry [a-z][^|]*", code)]
    assert len(calls) > 10
    for call in calls:
        words = re.findall(r"(?<!\S)[a-z]+(?:-[a-z]+)*(?!\S)", call.partition(" --")[0])
        titles = {f"## {' '.join(words[:end])}" for end in (2, 3, 4)}
        chapters = [part for part in re.split(r"(?m)^(?=## )", commands) if _title(part) in titles]
        assert chapters, call
        for flag in re.findall(r"\s(--[a-z-]+)", call):
            assert any(flag in chapter for chapter in chapters), (call, flag)


def test_the_runbook_names_rows_and_panels_that_there_are() -> None:
    """As the dashboards have them in English, or as their titles begin."""
    text = " ".join(RUNBOOK.read_text(encoding="utf-8").split())
    titles = {
        panel["title"]
        for path in (ROOT / "grafana" / "dashboards" / "en").glob("*.json")
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]
    }
    named = [
        name
        for several in re.findall(
            r"\b(?:panel|row|table)s? (\*[^*]+\*(?:(?:,| and|, and) \*[^*]+\*)*)", text
        )
        for name in re.findall(r"\*([^*]+)\*", several)
    ]
    assert len(named) > 20
    for name in named:
        assert any(title.startswith(name) for title in titles), name


def _title(chapter: str) -> str:
    return chapter.partition("\n")[0]


def test_expressions_ask_for_metrics_and_labels_that_there_are(
    rules: list[Rule], records: dict[str, Rule]
) -> None:
    """Every name and label is declared in `streams.telemetry.metrics`, recorded, or Prometheus'."""
    names = known(records)
    for rule in rules:
        reading = read(rule["expr"])
        where = rule.get("alert") or rule["record"]
        for series in reading.selectors:
            assert series.metric in names, (where, series.metric)
            asked = {matcher.label for matcher in series.matchers}
            assert asked <= names[series.metric], (where, series)
        for labels, inside in reading.groupings:
            there = {label for series in inside for label in names[series.metric]}
            assert set(labels) <= there, (where, labels)
        everywhere = {label for series in reading.selectors for label in names[series.metric]}
        assert set(reading.joined) <= everywhere, (where, reading.joined)


def test_foreign_metrics_are_those_of_one_job(rules: list[Rule]) -> None:
    """Prometheus scrapes itself too: its own `up` is not to be taken for a worker's or a desk's."""
    for rule in rules:
        for series in read(rule["expr"]).selectors:
            if series.metric in FOREIGN:
                matchers = [(one.label, one.operator, one.value) for one in series.matchers]
                job = "shipsentry-desk" if "Desk" in rule.get("alert", "") else "shipsentry"
                assert matchers == [("job", "=", job)], rule


def test_the_name_of_a_record_begins_with_its_labels(records: dict[str, Rule]) -> None:
    """level:metric:operation, as Prometheus' manual recommends."""
    for name, record in records.items():
        assert len(name.split(":")) == 3, name
        grouped = re.search(r"\bby \(([^)]*)\)", record["expr"])
        labels = set(grouped[1].replace(" ", "").split(",")) if grouped else set[str]()
        within_sum = record["expr"].startswith("sum(")
        assert level(name) == (set() if within_sum else labels - {"le"}), name


def test_workers_are_found_where_the_manual_says() -> None:
    """The compose service, and files beside the configuration, every five seconds."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    assert config["global"] == {"scrape_interval": "5s", "evaluation_interval": "5s"}
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "shipsentry")
    assert job["dns_sd_configs"] == [
        {"names": ["worker"], "type": "A", "port": 8080, "refresh_interval": "10s"}
    ]
    assert [one["files"] for one in job["file_sd_configs"]] == [["targets/*.yml"]]
    assert (CONFIG.parent / "targets" / "README.md").exists()
