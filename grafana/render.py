"""From a board to the JSON that Grafana 9.2 to 12 load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafana.model import (
    GRID,
    Bars,
    Board,
    Code,
    Column,
    Graph,
    Language,
    Link,
    Panel,
    Query,
    Row,
    Stat,
    Step,
    Table,
    Text,
    Variable,
)

SCHEMA_VERSION = 37
"""Grafana 9.2's own; later ones migrate it, so `custom.displayMode` of a table works in all."""

RUNBOOK_UID = "shipsentry-runbook"

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

IF_EMPTY = Text("If it is empty: {}.", "若无数据：{}。")

Json = dict[str, Any]


def dashboard(board: Board, language: Language, sections: Sequence[str]) -> Json:
    """A board in one language; `sections` are the runbook's, in its order."""
    return Writer(board, language, sections).dashboard()


def frame(uid: str, title: str, about: str, language: Language) -> Json:
    """What every dashboard has."""
    return {
        "uid": uid,
        "title": title,
        "description": about,
        "tags": ["shipsentry", language],
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA_VERSION,
        "timezone": "browser",
        "annotations": {"list": []},
    }


def board_link(uid: str, title: str) -> Json:
    """A link at the top of a dashboard; time range and variables go along."""
    return {
        "type": "link",
        "title": title,
        "url": f"/d/{uid}",
        "icon": "dashboard",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
    }


def row(number: int, title: str, y: int) -> Json:
    """A heading; it has no panels of its own, those below it belong to it."""
    return {
        "id": 1000 + number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"h": 1, "w": GRID, "x": 0, "y": y},
        "panels": [],
    }


def lines(board_row: Row) -> list[list[Panel]]:
    """A row's panels, line by line; each line is filled and of one height."""
    found: list[list[Panel]] = []
    room = 0
    for panel in board_row.panels:
        if not room:
            found.append([])
            room = GRID
        line = found[-1]
        if panel.width > room or (line and line[0].height != panel.height):
            raise ValueError(f"panel {panel.id} {panel.title.en!r} does not fit into its line")
        line.append(panel)
        room -= panel.width
    if room:
        raise ValueError(f"the last line of {board_row.title.en!r} has {room} columns to spare")
    return found


class Writer:
    """Writes one board in one language."""

    def __init__(self, board: Board, language: Language, sections: Sequence[str]) -> None:
        self._board = board
        self._language = language
        self._sections = sections

    def dashboard(self) -> Json:
        """The whole of it."""
        board, language = self._board, self._language
        other: Language = "en" if language == "zh" else "zh"
        pipeline = Link(Text("Pipeline health", "系统运行状况"), "pipeline")
        risk = Link(Text("Shipment risk", "发货风险"), "risk")
        ours = pipeline if board.key == "risk" else risk
        return frame(
            board.uid(language), self._say(board.title), self._say(board.about), language
        ) | {
            "links": [
                board_link(self._uid(ours.board), self._say(ours.title)),
                board_link(RUNBOOK_UID, self._say(Text("Runbook", "处理手册"))),
                board_link(board.uid(other), self._say(Text("中文", "English"))),
            ],
            "time": {"from": board.since, "to": "now"},
            "refresh": "30s",
            "templating": {
                "list": [
                    self._datasource(),
                    *(self._variable(v) for v in board.variables),
                    *([] if board.worker is None else [self._worker(board.worker)]),
                ]
            },
            "panels": self._panels(),
        }

    def _panels(self) -> list[Json]:
        written: list[Json] = []
        y = 0
        for number, board_row in enumerate(self._board.rows):
            written.append(row(number, self._say(board_row.title), y))
            y += 1
            for line in lines(board_row):
                x = 0
                for panel in line:
                    place = {"h": panel.height, "w": panel.width, "x": x, "y": y}
                    written.append(self._panel(panel, place))
                    x += panel.width
                y += line[0].height
        return written

    def _panel(self, panel: Panel, place: Json) -> Json:
        kind = panel.kind
        kinds = {Stat: "stat", Bars: "bargauge", Graph: "timeseries", Table: "table"}
        written = {
            "id": panel.id,
            "type": kinds[type(kind)],
            "title": self._say(panel.title),
            "description": f"{self._say(panel.question)} {self._if_empty(panel)}",
            "datasource": DATASOURCE,
            "gridPos": place,
            "targets": [self._target(panel, n, query) for n, query in enumerate(panel.queries)],
            "options": _options(kind, panel, self._language),
            "fieldConfig": {"defaults": self._defaults(panel), "overrides": self._overrides(panel)},
        }
        if isinstance(kind, Table):
            written["transformations"] = self._transformations(kind, panel)
        return written

    def _if_empty(self, panel: Panel) -> str:
        text = self._say(IF_EMPTY).format(self._say(panel.empty))
        return text.replace("?.", "?").replace("？。", "？")

    def _target(self, panel: Panel, place: int, query: Query) -> Json:
        over_time, table = isinstance(panel.kind, Graph), isinstance(panel.kind, Table)
        legend = query.legend if isinstance(query.legend, str) else self._say(query.legend)
        return {
            "refId": _ref(place),
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "format": "table" if table else "time_series",
            # Of what is now, the present answer: the last of a range may be hours old.
            "instant": not over_time,
            "range": over_time,
            "legendFormat": legend or "__auto",
        }

    def _defaults(self, panel: Panel) -> Json:
        coloured = bool(panel.steps or panel.codes) and not isinstance(panel.kind, Graph)
        defaults: Json = {
            "unit": panel.unit,
            "noValue": self._say(panel.empty),
            "color": {"mode": "thresholds" if coloured else "palette-classic"},
            "mappings": self._codes(panel.codes),
            "thresholds": _thresholds(panel.steps),
            "custom": _custom(panel),
        }
        if panel.decimals is not None:
            defaults["decimals"] = panel.decimals
        if panel.least is not None:
            defaults["min"] = panel.least
        if panel.most is not None:
            defaults["max"] = panel.most
        links = [] if panel.opens is None else [self._link(panel.opens)]
        if panel.lists is not None:
            links.append(self._list(panel.lists))
        if links:
            defaults["links"] = links
        return defaults

    def _overrides(self, panel: Panel) -> list[Json]:
        if isinstance(panel.kind, Table):
            return [self._column(column) for column in panel.kind.columns]
        named = [
            _override("byName", code, self._line(panel, code))
            for code in dict.fromkeys((*panel.names, *panel.colours))
        ]
        own = [
            _override(
                "byFrameRefID",
                _ref(place),
                [
                    {"id": "color", "value": {"mode": "thresholds"}},
                    {"id": "thresholds", "value": _thresholds(query.steps)},
                ],
            )
            for place, query in enumerate(panel.queries)
            if query.steps
        ]
        return [override for override in named if override["properties"]] + own

    def _line(self, panel: Panel, code: str) -> list[Json]:
        """What a line is called and its colour. Both in one override: names decide what fits."""
        name = self._say(panel.names[code]) if code in panel.names else code
        properties: list[Json] = [] if name == code else [{"id": "displayName", "value": name}]
        if code in panel.colours:
            fixed = {"mode": "fixed", "fixedColor": panel.colours[code]}
            properties.append({"id": "color", "value": fixed})
        return properties

    def _column(self, column: Column) -> Json:
        missing = column.missing or ("0" if isinstance(column.source, int) else "–")
        properties: list[Json] = [{"id": "noValue", "value": missing}]
        names = _mapped(
            {
                code: self._say(text)
                for code, text in column.names.items()
                if self._say(text) != code
            }
        )
        mappings = names + self._codes(column.codes)
        if isinstance(column.source, int):
            properties.append({"id": "unit", "value": column.unit})
        if mappings:
            properties.append({"id": "mappings", "value": mappings})
        if column.steps:
            properties.append({"id": "thresholds", "value": _thresholds(column.steps)})
        if column.steps or column.codes:
            properties.append({"id": "color", "value": {"mode": "thresholds"}})
            properties.append({"id": "custom.displayMode", "value": "color-text"})
        if column.source == "runbook":
            numbers = {name: str(n) for n, name in enumerate(self._sections, 1)}
            properties.append({"id": "mappings", "value": _mapped(numbers)})
        links = [] if column.link is None else [self._link(column.link)]
        if column.lists is not None:
            links.append(self._list(column.lists))
        if links:
            properties.append({"id": "links", "value": links})
        if column.width is not None:
            properties.append({"id": "custom.width", "value": column.width})
        return _override("byName", self._say(column.title), properties)

    def _transformations(self, table: Table, panel: Panel) -> list[Json]:
        several = len(panel.queries) > 1
        fields = {
            column.source
            if isinstance(column.source, str)
            else (f"Value #{_ref(column.source)}" if several else "Value"): column
            for column in table.columns
        }
        organize = {
            "excludeByName": dict.fromkeys(("Time", *table.hidden), True),
            "indexByName": {name: place for place, name in enumerate(fields)},
            "renameByName": {name: self._say(column.title) for name, column in fields.items()},
        }
        merge: list[Json] = [{"id": "merge", "options": {}}] if several else []
        return [*merge, {"id": "organize", "options": organize}]

    def _link(self, opens: int | Link) -> Json:
        if isinstance(opens, int):
            title = next(p.title for p in self._board.panels() if p.id == opens)
            opens = Link(title, self._board.key, f"viewPanel={opens}")
        query = ["${__url_time_range}"]
        if opens.variables:
            query.append("${__all_variables}")
        if opens.query:
            query.append(opens.query)
        return {
            "title": self._say(opens.title),
            "url": f"/d/{self._uid(opens.board)}?{'&'.join(query)}",
            "targetBlank": False,
        }

    def _list(self, query: str) -> Json:
        """A worker's page, or the desk's, with the warnings: no id is in Prometheus."""
        return {
            "title": self._say(Text("List these warnings", "查看这些预警明细")),
            "url": f"${{worker:raw}}/warnings?lang={self._language}&{query}",
            "targetBlank": True,
        }

    def _worker(self, address: str) -> Json:
        return {
            "name": "worker",
            "type": "textbox",
            "label": self._say(Text("Where warnings are listed", "预警明细地址")),
            "query": address,
            "hide": 0,
            "skipUrlSync": False,
            "options": [{"selected": True, "text": address, "value": address}],
            "current": {"selected": True, "text": address, "value": address},
        }

    def _datasource(self) -> Json:
        return {
            "name": "datasource",
            "type": "datasource",
            "label": self._say(Text("Data source", "数据源")),
            "query": "prometheus",
            "regex": "",
            "hide": 0,
            "includeAll": False,
            "multi": False,
            "refresh": 1,
            "skipUrlSync": False,
            "options": [],
            "current": {"selected": False, "text": "default", "value": "default"},
        }

    def _variable(self, variable: Variable) -> Json:
        query = f"label_values({variable.series}, {variable.label})"
        return {
            "name": variable.name,
            "type": "query",
            "label": self._say(variable.title),
            "datasource": DATASOURCE,
            "definition": query,
            "query": {"query": query, "refId": "StandardVariableQuery"},
            "regex": "",
            "sort": 1,
            "hide": 0,
            "includeAll": True,
            # Not the list of all: that leaves out what appears after the board was opened.
            "allValue": ".*",
            "multi": True,
            "refresh": 2,
            "skipUrlSync": False,
            "options": [],
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        }

    def _codes(self, codes: Sequence[Code]) -> list[Json]:
        if not codes:
            return []
        options = {
            str(code.number): {"color": code.colour, "index": place, "text": self._say(code.text)}
            for place, code in enumerate(codes)
        }
        return [{"type": "value", "options": options}]

    def _uid(self, board: str) -> str:
        return RUNBOOK_UID if board == "runbook" else f"shipsentry-{board}-{self._language}"

    def _say(self, text: Text) -> str:
        return text.of(self._language)


def _ref(place: int) -> str:
    return "ABCDEFGHIJ"[place]


def _override(matcher: str, options: str, properties: list[Json]) -> Json:
    return {"matcher": {"id": matcher, "options": options}, "properties": properties}


def _mapped(names: dict[str, str]) -> list[Json]:
    if not names:
        return []
    options = {name: {"index": n, "text": text} for n, (name, text) in enumerate(names.items())}
    return [{"type": "value", "options": options}]


def _thresholds(steps: Sequence[Step]) -> Json:
    return {
        "mode": "absolute",
        "steps": [
            {"color": step.colour, "value": step.value} for step in (steps or (Step(None, "text"),))
        ],
    }


def _custom(panel: Panel) -> Json:
    kind = panel.kind
    if isinstance(kind, Graph):
        return {
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "fillOpacity": 20 if kind.stack else 0,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if kind.stack else "none"},
            "scaleDistribution": {"type": "log", "log": 10} if kind.log else {"type": "linear"},
            "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
        }
    if isinstance(kind, Table):
        # Also where it says nothing: Grafana migrates the overrides only of tables that have it.
        # Without a least width a column takes 150 px, and the last ones are out of sight.
        return {"align": "auto", "displayMode": "auto", "inspect": False, "minWidth": 60}
    return {}


def _options(kind: Stat | Bars | Graph | Table, panel: Panel, language: Language) -> Json:
    reduce = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    match kind:
        case Stat():
            return {
                "colorMode": "background" if kind.fill else "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": reduce,
                "textMode": "value_and_name" if panel.queries[0].legend else "value",
            }
        case Bars():
            return {
                "displayMode": "basic",
                "orientation": "horizontal",
                "reduceOptions": reduce,
                "showUnfilled": True,
                # Few bars are high, and text that fits their height leaves no room for names.
                "text": {"titleSize": 14, "valueSize": 18},
            }
        case Graph():
            return {
                "legend": {
                    "calcs": [],
                    "displayMode": "list",
                    "placement": "right" if kind.many else "bottom",
                    "showLegend": True,
                },
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case Table():
            by = kind.columns[kind.sort].title.of(language)
            return {"showHeader": True, "sortBy": [{"displayName": by, "desc": kind.descending}]}
