"""The dashboards as Grafana loads them: whole, explained, linked, the same in both languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.dashboards import Json, kept, panels, strings

from grafana import build, render, risk
from grafana.model import GRID, NO_WORKER, Graph, Panel, Row, Text
from grafana.model import Query as Asked
from grafana.render import lines
from streams.web.query import Query, read
from streams.web.warnings import WARNINGS

KEPT = kept()
EVERY = pytest.mark.parametrize("name", KEPT)
ASKING = [name for name in KEPT if not name.endswith("runbook.json")]
EVERY_ASKING = pytest.mark.parametrize("name", ASKING)

UNITS = {"short", "locale", "none", "s", "m", "h", "dthms", "cps", "bytes", "percentunit"}
"""The units that are used; Grafana shows a misspelt one as text behind the number."""

CHINESE = re.compile("[\u4e00-\u9fff]")
SAME_IN_BOTH = {"CPU", "ShipSentry", "Python", "Faust", "librdkafka"}
OF_GRAFANA = {
    "__all",
    "__all_variables",
    "__rate_interval",
    "__url_time_range",
    "__value.raw",
    "__value.text",
}


def links(dashboard: Json) -> Iterator[Json]:
    """Every link of a dashboard: at its top, of numbers, of columns."""
    yield from dashboard["links"]
    for panel in panels(dashboard):
        yield from panel["fieldConfig"]["defaults"].get("links", [])
        for override in panel["fieldConfig"]["overrides"]:
            for each in override["properties"]:
                if each["id"] == "links":
                    yield from each["value"]


def test_what_grafana_loads_is_what_the_code_builds() -> None:
    """Whoever changes a definition runs `python -m grafana`; no file is left over."""
    built = {path.as_posix(): dashboard for path, dashboard in build.dashboards().items()}
    assert sorted(KEPT) == sorted(built)
    for name, dashboard in built.items():
        text = (build.DASHBOARDS / name).read_text(encoding="utf-8")
        assert text == build.text(dashboard), f"{name} is outdated: run python -m grafana"


def test_both_dashboards_are_there_in_both_languages_and_the_runbook_once() -> None:
    """Their addresses are what links, alerts and people know them by."""
    assert {dashboard["uid"] for dashboard in KEPT.values()} == {
        "shipsentry-risk-en",
        "shipsentry-risk-zh",
        "shipsentry-pipeline-en",
        "shipsentry-pipeline-zh",
        "shipsentry-runbook",
    }
    titles = [(name.split("/")[0], dashboard["title"]) for name, dashboard in KEPT.items()]
    assert len(set(titles)) == len(titles) == 5


@EVERY
def test_panels_have_ids_and_titles_of_their_own(name: str) -> None:
    """An id is part of an address; two panels of one name are a riddle. A row is no panel."""
    ids = [panel["id"] for panel in KEPT[name]["panels"]]
    titles = [(panel["type"] == "row", panel["title"]) for panel in KEPT[name]["panels"]]
    assert [id for id, times in Counter(ids).items() if times > 1] == []
    assert [title for title, times in Counter(titles).items() if times > 1] == []


@EVERY
def test_the_grid_is_filled_without_gaps_and_without_overlaps(name: str) -> None:
    """Every cell from the top to the last panel belongs to one panel."""
    cells = Counter(
        (x, y)
        for panel in KEPT[name]["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    height = max(y for _, y in cells) + 1
    assert cells == {(x, y): 1 for x in range(GRID) for y in range(height)}


@EVERY
def test_every_panel_has_a_title_and_a_description(name: str) -> None:
    """The description is the question that it answers, and what it means when it is empty."""
    lacking = [
        panel["id"]
        for panel in KEPT[name]["panels"]
        if not panel["title"] or (panel["type"] != "row" and len(panel["description"]) < 10)
    ]
    assert lacking == []


@EVERY_ASKING
def test_every_panel_has_a_known_unit_and_says_what_it_means_when_it_is_empty(name: str) -> None:
    """Tables have a unit for each column that holds numbers."""
    for panel in panels(KEPT[name]):
        defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
        units = [defaults["unit"]] + [
            each["value"] for o in overrides for each in o["properties"] if each["id"] == "unit"
        ]
        assert set(units) <= UNITS, panel["title"]
        assert defaults["noValue"], panel["title"]
        assert defaults["noValue"] in panel["description"], panel["title"]


@EVERY_ASKING
def test_every_column_of_a_table_is_in_sight_on_a_laptop(name: str) -> None:
    """The last ones would lie beyond a bar that nobody drags; 1,280 px, its edges taken off."""
    for panel in panels(KEPT[name]):
        if panel["type"] != "table":
            continue
        room = panel["gridPos"]["w"] * (1280 - 32 + 8) / GRID - 8 - 16
        least = panel["fieldConfig"]["defaults"]["custom"]["minWidth"]
        needed = sum(
            next((p["value"] for p in o["properties"] if p["id"] == "custom.width"), least)
            for o in panel["fieldConfig"]["overrides"]
        )
        assert needed <= room, panel["title"]


@EVERY_ASKING
def test_numbers_of_now_are_asked_of_now(name: str) -> None:
    """The last value of a range may be hours old when the worker is long gone."""
    for panel in panels(KEPT[name]):
        for target in panel["targets"]:
            over_time = panel["type"] == "timeseries"
            assert (target["range"], target["instant"]) == (over_time, not over_time)


@EVERY
def test_nothing_refers_to_a_data_source_or_a_variable_that_is_not_declared(name: str) -> None:
    """Each `$name` is a variable of the board, or one of Grafana's own."""
    dashboard = KEPT[name]
    declared = {variable["name"] for variable in dashboard["templating"]["list"]} | OF_GRAFANA
    asking = [p for p in dashboard["panels"] if p["type"] not in ("row", "text")]
    used = {
        found[1] or found[2]
        for text in strings([asking, dashboard["templating"]])
        for found in re.finditer(r"\$(?:\{([\w.]+)(?::\w+)?\}|([a-z_]\w*))", text)
    }
    assert used <= declared
    sources = [source for panel in asking for source in [panel, *panel["targets"]]]
    sources += [v for v in dashboard["templating"]["list"] if v["type"] == "query"]
    assert {s["datasource"]["uid"] for s in sources} <= {"${datasource}"}
    assert {s["datasource"]["type"] for s in sources} <= {"prometheus"}


@EVERY_ASKING
def test_every_variable_is_used(name: str) -> None:
    """A choice that changes nothing misleads."""
    dashboard = KEPT[name]
    queries = " ".join(strings(panels(dashboard)))
    queries += " ".join(v.get("definition", "") for v in dashboard["templating"]["list"])
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert {n for n in names if not re.search(rf"\$(?:{n}\b|\{{{n}[:}}])", queries)} == set()


@EVERY_ASKING
def test_variables_offer_everything_and_several_at_once(name: str) -> None:
    """All is a pattern and not a list, so that a shop that appears later is not left out."""
    for variable in KEPT[name]["templating"]["list"]:
        if variable["type"] == "query":
            assert (variable["includeAll"], variable["allValue"], variable["multi"]) == (
                True,
                ".*",
                True,
            )


@EVERY
def test_links_lead_to_panels_and_boards_that_are_there(name: str) -> None:
    """Each keeps the time range; each carries the variables, or says which it sets."""
    boards = {dashboard["uid"]: dashboard for dashboard in KEPT.values()}
    language = name.split("/")[0]
    for link in links(KEPT[name]):
        if link["url"].startswith("${worker:raw}"):
            continue  # a worker's own page: see below
        url = urlsplit(link["url"])
        target = boards[url.path.removeprefix("/d/")]
        if "type" in link:
            assert link["keepTime"] is link["includeVars"] is True
            continue
        assert target["uid"].endswith((language, "runbook"))
        assert "${__url_time_range}" in url.query
        query = parse_qs(url.query.replace("${__url_time_range}", "from=now"))
        if "viewPanel" in query and query["viewPanel"] != ["${__value.text}"]:
            assert int(query["viewPanel"][0]) in {panel["id"] for panel in target["panels"]}
        declared = {variable["name"] for variable in target["templating"]["list"]}
        assert {key.removeprefix("var-") for key in query if key.startswith("var-")} <= declared
        if target["uid"] != "shipsentry-runbook":
            assert "${__all_variables}" in url.query or "var-datasource" in query


def test_numbers_lead_to_the_list_of_what_they_count() -> None:
    """A worker's page takes every parameter that a dashboard asks it with, whatever is chosen."""
    asked: list[Query] = []
    for language in "en", "zh":
        for link in links(KEPT[f"{language}/shipment-risk.json"]):
            if not link["url"].startswith("${worker:raw}"):
                continue
            url = link["url"].removeprefix("${worker:raw}")
            for name, chosen in (
                ("platform", "var-platform=tmall&var-platform=douyin"),
                ("shop", "var-shop=$__all"),
            ):
                url = url.replace(f"${{{name}:queryparam}}", chosen)
            path, _, query = url.replace("${__value.raw}", "s-1").partition("?")
            given = parse_qs(query)
            assert path == WARNINGS
            assert given.pop("lang") == [language]
            asked.append(read(given))
    within = {query.within_hours for query in asked}
    assert within == {None, 1, 4, 12}
    filters = {name for query in asked for name in query.filters}
    assert filters == {"platform", "shop", "state", "rule"}


@EVERY_ASKING
def test_every_number_of_row_one_leads_further(name: str) -> None:
    """To the list of what it counts, or to the other board."""
    first = KEPT[name]["panels"][1:]
    end = next(n for n, panel in enumerate(first) if panel["type"] == "row")
    for panel in first[:end]:
        assert panel["type"] == "stat"
        link, *_ = panel["fieldConfig"]["defaults"]["links"]
        assert f"viewPanel={panel['id']}" not in link["url"].split("&")


def test_alerts_lead_to_their_section_of_the_runbook() -> None:
    """The number that the table shows for an alert is the id of the panel with its title."""
    runbook = {str(p["id"]): p["title"] for p in KEPT["en/runbook.json"]["panels"]}
    for language in "en", "zh":
        (table,) = [
            panel
            for panel in panels(KEPT[f"{language}/pipeline-health.json"])
            if "ALERTS" in panel["targets"][0]["expr"] and panel["type"] == "table"
        ]
        column = next(
            {each["id"]: each["value"] for each in override["properties"]}
            for override in table["fieldConfig"]["overrides"]
            if any("shipsentry-runbook" in text for text in strings(override))
        )
        (mapping,) = column["mappings"]
        shown = {alert: result["text"] for alert, result in mapping["options"].items()}
        assert runbook == {number: alert for alert, number in shown.items()}


@pytest.mark.parametrize("board", ["shipment-risk", "pipeline-health"])
def test_both_languages_have_the_same_panels_and_queries(board: str) -> None:
    """Only words differ."""

    def without_words(panel: Json) -> dict[str, Any]:
        defaults = panel["fieldConfig"]["defaults"] if "fieldConfig" in panel else {}
        return {
            "frame": (panel["id"], panel["type"], panel["gridPos"]),
            "exprs": [target["expr"] for target in panel.get("targets", [])],
            "looks": [defaults.get(key) for key in ("unit", "decimals", "thresholds", "custom")],
        }

    english, chinese = (KEPT[f"{language}/{board}.json"] for language in ("en", "zh"))
    assert [*map(without_words, english["panels"])] == [*map(without_words, chinese["panels"])]
    names = [[v["name"] for v in d["templating"]["list"]] for d in (english, chinese)]
    assert names[0] == names[1]


def words(dashboard: Json) -> Iterator[str]:
    """What a reader reads: titles, questions, legends, column heads, what numbers stand for."""
    yield from (dashboard["title"], dashboard["description"])
    yield from (variable["label"] for variable in dashboard["templating"]["list"])
    for panel in dashboard["panels"]:
        yield panel["title"]
    for panel in panels(dashboard):
        yield panel["description"]
        yield panel["fieldConfig"]["defaults"]["noValue"]
        yield from (link["title"] for link in panel["fieldConfig"]["defaults"].get("links", []))
        for mapping in panel["fieldConfig"]["defaults"]["mappings"]:
            yield from (result["text"] for result in mapping["options"].values())
        for target in panel["targets"]:
            legend = re.sub(r"{{\w+}}|__auto|[ ·]", "", target["legendFormat"])
            yield from [legend] if legend else []
        for transformation in panel.get("transformations", []):
            yield from transformation["options"].get("renameByName", {}).values()


@pytest.mark.parametrize("name", [name for name in ASKING if name.startswith("zh/")])
def test_the_chinese_boards_are_chinese_throughout(name: str) -> None:
    """No title, question or legend was forgotten."""
    assert [w for w in words(KEPT[name]) if not CHINESE.search(w) and w not in SAME_IN_BOTH] == []


@pytest.mark.parametrize("name", [name for name in ASKING if name.startswith("en/")])
def test_the_english_boards_are_english_throughout(name: str) -> None:
    """Except for the link to the other language."""
    assert [word for word in words(KEPT[name]) if CHINESE.search(word)] == []


@EVERY
def test_no_board_says_that_an_order_is_fake(name: str) -> None:
    """The platform judges; a board speaks of a risk."""
    told = [text for text in strings(KEPT[name]) if re.search("fake|虚假", text)]
    assert [t for t in told if not re.search("risk|judge|风险", t)] == []


def test_the_example_of_the_readme_can_be_added() -> None:
    """Its id is free, its words are known, and it fills a line."""
    readme = (build.DASHBOARDS.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.+?)```", readme, re.DOTALL)
    added = eval(example, dict(vars(risk)))  # noqa: S307 - our own text
    assert added.id not in {panel.id for panel in risk.RISK.panels()}
    board = replace(risk.RISK, rows=[*risk.RISK.rows, Row(Text("New", "新"), [added])])
    assert render.dashboard(board, "zh", [])["panels"][-1]["title"] == "当日应发订单"


def panel(id: int, width: int, height: int = 8) -> Panel:
    """A panel that matters only by its size."""
    text = Text("a", "b")
    return Panel(id, Graph(), text, text, "none", [Asked("up")], width, height, NO_WORKER)


@pytest.mark.parametrize(
    "wrong",
    [
        [panel(1, 12), panel(2, 8)],
        [panel(1, 12), panel(2, 13)],
        [panel(1, 12, 8), panel(2, 12, 7)],
    ],
    ids=["too narrow", "too wide", "of two heights"],
)
def test_a_line_that_is_not_filled_evenly_is_refused(wrong: list[Panel]) -> None:
    """Whoever adds a panel is told at once, and by its name."""
    with pytest.raises(ValueError, match=r"does not fit into its line|columns to spare"):
        lines(Row(Text("a", "b"), wrong))
