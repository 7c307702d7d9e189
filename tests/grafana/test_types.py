"""Grafana's own types accept every dashboard, and nothing that is misspelt.

Of Grafana 9.2 the types of options and custom field options are checked, how kinds of panels put
them together is written down in `schema/9.2`, the dashboard around them is 9.3's. Queries are
checked by 10.0's types in all versions.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence

import pytest
from support.dashboards import NPM, VERSIONS, Json, kept, panels, type_errors

KEPT = kept()
RISK = "en/shipment-risk.json"


def first(dashboard: Json, kind: str) -> Json:
    """The first panel of a kind."""
    found: Json = next(panel for panel in dashboard["panels"] if panel["type"] == kind)
    return found


def unknown_kind(d: Json) -> None:
    first(d, "stat")["type"] = "singlestat"


def misspelt_panel_key(d: Json) -> None:
    first(d, "stat")["descripton"] = "?"


def misspelt_option(d: Json) -> None:
    first(d, "stat")["options"]["colourMode"] = "value"


def misspelt_nested_option(d: Json) -> None:
    first(d, "timeseries")["options"]["legend"]["displaymode"] = "list"


def option_of_another_kind(d: Json) -> None:
    first(d, "table")["options"]["graphMode"] = "none"


def misspelt_default(d: Json) -> None:
    first(d, "stat")["fieldConfig"]["defaults"]["novalue"] = "0"


def misspelt_custom(d: Json) -> None:
    first(d, "timeseries")["fieldConfig"]["defaults"]["custom"]["lineWith"] = 1


def custom_where_there_is_none(d: Json) -> None:
    first(d, "stat")["fieldConfig"]["defaults"]["custom"]["lineWidth"] = 1


def custom_of_a_later_grafana(d: Json) -> None:
    first(d, "table")["fieldConfig"]["defaults"]["custom"]["cellOptions"] = {"type": "auto"}


def wrong_legend_mode(d: Json) -> None:
    first(d, "timeseries")["options"]["legend"]["displayMode"] = "bottom"


def colour_mode_of_a_later_grafana(d: Json) -> None:
    first(d, "stat")["options"]["colorMode"] = "background_solid"


def wrong_number(d: Json) -> None:
    first(d, "timeseries")["fieldConfig"]["defaults"]["custom"]["lineWidth"] = "1"


def wrong_place(d: Json) -> None:
    first(d, "stat")["gridPos"]["w"] = "3"


def place_without_height(d: Json) -> None:
    del first(d, "stat")["gridPos"]["h"]


def wrong_threshold(d: Json) -> None:
    first(d, "stat")["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["colour"] = "red"


def misspelt_target(d: Json) -> None:
    target = first(d, "table")["targets"][0]
    target["legendFormt"] = target.pop("legendFormat")


def wrong_format(d: Json) -> None:
    first(d, "table")["targets"][0]["format"] = "tables"


def fixed_datasource(d: Json) -> None:
    first(d, "table")["targets"][0]["datasource"]["uid"] = "prometheus"


def misspelt_variable_key(d: Json) -> None:
    d["templating"]["list"][1]["includeall"] = True


def wrong_variable_type(d: Json) -> None:
    d["templating"]["list"][1]["type"] = "queries"


def wrong_variable_refresh(d: Json) -> None:
    d["templating"]["list"][1]["refresh"] = 7


def wrong_link_type(d: Json) -> None:
    d["links"][0]["type"] = "url"


def link_without_title(d: Json) -> None:
    del d["links"][0]["title"]


def misspelt_data_link(d: Json) -> None:
    first(d, "stat")["fieldConfig"]["defaults"]["links"][0]["targetblank"] = True


def overrides(d: Json) -> list[Json]:
    found: list[Json] = first(d, "table")["fieldConfig"]["overrides"]
    return found


def unknown_override(d: Json) -> None:
    overrides(d)[0]["properties"].append({"id": "custom.displaymode", "value": "auto"})


def override_of_a_wrong_type(d: Json) -> None:
    overrides(d)[0]["properties"].append({"id": "custom.width", "value": "wide"})


def wrong_matcher(d: Json) -> None:
    overrides(d)[0]["matcher"]["id"] = "byname"


def unknown_transformation(d: Json) -> None:
    first(d, "table")["transformations"][0]["id"] = "merged"


def misspelt_transformation_option(d: Json) -> None:
    first(d, "table")["transformations"][1]["options"]["renameByname"] = {}


def misspelt_mapping(d: Json) -> None:
    trust = next(p for p in panels(d) if p["fieldConfig"]["defaults"]["mappings"])
    trust["fieldConfig"]["defaults"]["mappings"][0]["options"]["0"]["txt"] = "OK"


def misspelt_board_key(d: Json) -> None:
    d["graphToolTip"] = 1


def wrong_tooltip(d: Json) -> None:
    d["graphTooltip"] = 5


def later_schema(d: Json) -> None:
    d["schemaVersion"] = 42


def row_with_a_query(d: Json) -> None:
    first(d, "row")["targets"] = []


FAULTS: list[Callable[[Json], None]] = [
    unknown_kind,
    misspelt_panel_key,
    misspelt_option,
    misspelt_nested_option,
    option_of_another_kind,
    misspelt_default,
    misspelt_custom,
    custom_where_there_is_none,
    custom_of_a_later_grafana,
    wrong_legend_mode,
    colour_mode_of_a_later_grafana,
    wrong_number,
    wrong_place,
    place_without_height,
    wrong_threshold,
    misspelt_target,
    wrong_format,
    fixed_datasource,
    misspelt_variable_key,
    wrong_variable_type,
    wrong_variable_refresh,
    wrong_link_type,
    link_without_title,
    misspelt_data_link,
    unknown_override,
    override_of_a_wrong_type,
    wrong_matcher,
    unknown_transformation,
    misspelt_transformation_option,
    misspelt_mapping,
    misspelt_board_key,
    wrong_tooltip,
    later_schema,
    row_with_a_query,
]


NEWS: dict[Callable[[Json], None], list[str]] = {
    custom_of_a_later_grafana: ["Grafana10", "Grafana11", "Grafana12"],
    colour_mode_of_a_later_grafana: ["Grafana10", "Grafana11", "Grafana12"],
}
"""What is a fault only because an older Grafana does not know it."""


def small(dashboard: Json) -> Json:
    """A board with the first panels of each kind: each fault is checked in one of these."""
    kinds = ("row", "stat", "bargauge", "timeseries", "table")
    coded = next(p for p in panels(dashboard) if p["fieldConfig"]["defaults"]["mappings"])
    return dashboard | {"panels": [*(first(dashboard, kind) for kind in kinds), coded]}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What TypeScript has against the dashboards, and against copies with one fault each."""
    sound = small(KEPT[RISK])
    checked: dict[str, tuple[Json, Sequence[str]]] = {
        name: (dashboard, VERSIONS) for name, dashboard in KEPT.items()
    }
    checked["without a fault"] = sound, VERSIONS
    for fault in FAULTS:
        faulty = copy.deepcopy(sound)
        fault(faulty)
        for version in VERSIONS:
            checked[f"{fault.__name__} {version}"] = faulty, [version]
    return type_errors(checked, tmp_path_factory.mktemp("types"))


@pytest.mark.parametrize("name", KEPT)
def test_grafanas_types_accept_every_dashboard(name: str, found: dict[str, list[str]]) -> None:
    """Those of 9, 10, 11 and 12."""
    assert found[name] == []


def test_the_board_that_faults_are_made_in_is_accepted(found: dict[str, list[str]]) -> None:
    """Otherwise it would be rejected whatever the fault."""
    assert found["without a fault"] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_grafanas_types_reject_a_fault(
    fault: Callable[[Json], None], found: dict[str, list[str]]
) -> None:
    """Whatever is misspelt, of another kind or of another type, each version by its own types."""
    accepted = [v for v in VERSIONS if not found[f"{fault.__name__} {v}"]]
    assert accepted == NEWS.get(fault, [])


def test_the_lock_names_no_registry() -> None:
    """Where to download from is the user's own setting."""
    for name in "package.json", "package-lock.json", ".npmrc":
        assert not re.search(r"://|registry\.", (NPM / name).read_text()), name
    assert '"integrity": "sha512-' in (NPM / "package-lock.json").read_text()
