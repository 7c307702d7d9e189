"""What Grafana is set up with: one data source, and a folder of dashboards for each language."""

from __future__ import annotations

from typing import Any

import yaml
from support.dashboards import kept

from grafana.build import DASHBOARDS
from grafana.model import LANGUAGES

PROVISIONING = DASHBOARDS.parent / "provisioning"
MOUNTED = "/var/lib/grafana/dashboards/"


def provisioned(name: str) -> dict[str, Any]:
    """A file below `grafana/provisioning`."""
    found: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text(encoding="utf-8"))
    return found


def test_the_data_source_is_what_the_dashboards_choose() -> None:
    """They take the default one of its type; its address is given from outside."""
    (source,) = provisioned("datasources/prometheus.yml")["datasources"]
    assert (source["uid"], source["url"], source["isDefault"]) == (
        "prometheus",
        "${PROMETHEUS_URL}",
        True,
    )
    for name, dashboard in kept().items():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "datasource":
                assert variable["query"] == source["type"], name
                assert variable["current"]["value"] == "default", name


def test_each_language_has_its_folder_and_all_dashboards_are_in_one() -> None:
    """Where compose mounts `grafana/dashboards`."""
    providers = provisioned("dashboards/shipsentry.yml")["providers"]
    folders = {provider["options"]["path"]: provider["folder"] for provider in providers}
    assert folders == {
        f"{MOUNTED}en": "ShipSentry",
        f"{MOUNTED}zh": "ShipSentry 中文",
    }
    assert {name.split("/")[0] for name in kept()} == set(LANGUAGES)


def test_dashboards_are_changed_in_code_and_not_in_grafana() -> None:
    """What is saved in Grafana would be lost with the next start."""
    for provider in provisioned("dashboards/shipsentry.yml")["providers"]:
        assert provider["allowUiUpdates"] is False
