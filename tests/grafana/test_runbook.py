"""The runbook as a dashboard: one panel for each alert's section, by its place."""

from __future__ import annotations

import re
from typing import Any

import yaml
from support.dashboards import kept

from grafana import build
from grafana.model import Table
from grafana.pipeline import ALERTS_PANEL, PIPELINE
from grafana.runbook import dashboard, sections

SAMPLE = """# Runbook

How to read it. See [the rules](rules.md).

## How alerts reach you

Not a section of an alert.

## ShipSentryOne

What it means. [Rules](rules.md#clocks), [Kafka](https://kafka.apache.org/).

### What to do

```sh
# a comment is no heading
shipsentry warnings tail
```

## Other things

Between.

## ShipSentryTwo

Short.
"""


def test_sections_are_those_of_alerts_in_order() -> None:
    """Other headings end a section and have no panel; a comment in a block of code does not."""
    one, two = sections(SAMPLE)
    assert (one.alert, two.alert) == ("ShipSentryOne", "ShipSentryTwo")
    assert one.text.endswith("# a comment is no heading\nshipsentry warnings tail\n```")
    assert two.text == "Short."


def test_links_to_files_of_the_repository_are_left_out_and_others_stay() -> None:
    """In Grafana there is no rules.md beside the runbook."""
    text = sections(SAMPLE)[0].text
    assert "Rules, [Kafka](https://kafka.apache.org/)." in text


def test_a_panel_is_found_by_the_place_of_its_section() -> None:
    """Alerts link to `viewPanel=` the place of their section, counted from one."""
    panels = dashboard(sections(SAMPLE))["panels"]
    assert [(panel["id"], panel["title"]) for panel in panels] == [
        (1, "ShipSentryOne"),
        (2, "ShipSentryTwo"),
    ]
    assert panels[1]["gridPos"]["y"] == panels[0]["gridPos"]["h"]


def test_a_long_section_has_a_high_panel() -> None:
    """So that one reads it without scrolling in a frame."""
    short, long = sections(SAMPLE + "\n\n".join(["a line"] * 30))[1], sections(SAMPLE)[1]
    high, low = (dashboard([section])["panels"][0]["gridPos"]["h"] for section in (short, long))
    assert high > low + 20


def rules() -> list[dict[str, Any]]:
    """Every alert of Prometheus, in the order of its files."""
    return [
        rule
        for path in sorted((build.RUNBOOK.parent.parent / "prometheus" / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def test_every_alert_has_its_section() -> None:
    """Nobody is called without being told what to do, and nothing is told that calls nobody."""
    titles = [panel["title"] for panel in kept()["en/runbook.json"]["panels"]]
    assert sorted(titles) == sorted(rule["alert"] for rule in rules())


def test_an_alerts_own_link_opens_its_section() -> None:
    """What `runbook_url` names is the panel with the alert's name."""
    titles = {panel["id"]: panel["title"] for panel in kept()["en/runbook.json"]["panels"]}
    for rule in rules():
        path, _, place = rule["annotations"]["runbook_url"].rpartition("?viewPanel=")
        assert path.endswith("/d/shipsentry-runbook")
        assert titles[int(place)] == rule["alert"]


def test_every_label_of_an_alert_has_its_column() -> None:
    """One without would be shown under its raw name."""
    (table,) = [
        panel.kind
        for panel in PIPELINE.panels()
        if panel.id == ALERTS_PANEL and isinstance(panel.kind, Table)
    ]
    known = {column.source for column in table.columns} | {*table.hidden}
    for rule in rules():
        told = " ".join(rule["annotations"].values())
        labels = set(re.findall(r"\$labels\.(\w+)", told)) | rule["labels"].keys()
        assert labels <= known, rule["alert"]
