"""The published documents are current, and AsyncAPI's own parser accepts that of the topics."""

from __future__ import annotations

import json
import shutil
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from streams.cli.asyncapi import document
from streams.cli.group import main
from streams.desk.service.serve import GROUP
from streams.engine.kafka.topic_admin import topic_specs
from streams.settings import Settings

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MADE = document(Settings())


def parsed(asked: dict[str, Any]) -> tuple[list[dict[str, str]], dict[str, list[str]]]:
    """What the parser objects to, remarks left out, and the messages of each channel."""
    node = shutil.which("node")
    assert node is not None, "Node.js is not installed; scripts/test installs it"
    assert (HERE / "node_modules").is_dir(), "run scripts/setup --operators"
    text = json.dumps(asked)
    command = [node, str(HERE / "check.mjs")]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    serious = [each for each in said["problems"] if each["severity"] in ("error", "warning")]
    return serious, said["channels"]


@pytest.mark.parametrize("name", ["asyncapi", "openapi"])
def test_the_committed_document_is_current(name: str) -> None:
    """What the command writes with no settings is what is in `schemas/`."""
    written = CliRunner().invoke(main, ["schemas", name], env={"SHIPSENTRY_CONFIG": ""})
    committed = (ROOT / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    run = f"run: .venv/bin/shipsentry schemas {name} schemas/{name}.json"
    assert written.stdout == committed, run


def test_the_parser_accepts_it() -> None:
    """Without a warning, and it finds each topic with its messages."""
    problems, channels = parsed(MADE)
    assert problems == []
    assert channels.keys() == {spec.name for spec in topic_specs(Settings(stock=True))}
    assert channels["order-paid"] == ["order-paid", "order-paid, without a value"]
    assert all(channels.values())


def test_the_parser_would_say_what_is_wrong() -> None:
    """A key of a binding that is misspelt, a channel that there is not."""
    wrong = deepcopy(MADE)
    wrong["channels"]["orders"]["bindings"]["kafka"]["partition"] = 1
    wrong["operations"]["worker_receives_orders"]["channel"]["$ref"] = "#/channels/lost"
    problems, _ = parsed(wrong)
    paths = {each["path"] for each in problems}
    assert any(path.startswith("channels.orders.bindings") for path in paths), paths
    assert any(path.startswith("operations.worker_receives_orders") for path in paths), paths


def test_only_what_is_internal_has_bytes_without_a_model() -> None:
    """A new topic that others read, or that is JSON, needs a message of its own."""
    bare = {
        channel["tags"][0]["name"]
        for channel in MADE["channels"].values()
        if "internal" in channel["messages"]
    }
    assert bare == {"internal", "changelog"}


def test_examples_are_what_their_message_says() -> None:
    """The parser does not look at them."""
    seen = 0
    for name, message in MADE["components"]["messages"].items():
        schema = {**message["payload"], "components": MADE["components"]}
        for example in message.get("examples", ()):
            jsonschema.validate(example["payload"], schema)
            seen += 1
        assert "examples" in message or message["contentType"] != "application/json", name
    assert seen > 30


def test_it_says_how_topics_are_made_and_named() -> None:
    """By the settings: names, partitions, retention, brokers, groups."""
    made = document(
        Settings(
            app_id="eu",
            orders_topic="eu.orders",
            partitions=12,
            replication_factor=3,
            bootstrap_servers="a:9093,b:9093",
            security_protocol="SSL",
        )
    )
    orders = made["channels"]["orders"]
    assert orders["address"] == "eu.orders"
    bound = orders["bindings"]["kafka"]
    assert (bound["partitions"], bound["replicas"]) == (12, 3)
    assert bound["topicConfiguration"]["cleanup.policy"] == ["delete"]
    assert bound["topicConfiguration"]["retention.ms"] == 60 * 86_400_000
    risk = made["channels"]["shop_risk"]["bindings"]["kafka"]
    assert risk["topicConfiguration"]["cleanup.policy"] == ["compact"]
    assert "partitions" not in risk
    assert made["channels"]["ticks"]["address"] == "eu-ticks"
    assert [each["host"] for each in made["servers"].values()] == ["a:9093", "b:9093"]
    assert {each["protocol"] for each in made["servers"].values()} == {"kafka-secure"}
    groups = {
        each["bindings"]["kafka"]["groupId"]["const"]
        for each in made["operations"].values()
        if "bindings" in each
    }
    assert groups == {"eu", "eu-ingest", GROUP.format(app_id="eu")}
    wanted = made["channels"]["wanted"]["bindings"]["kafka"]
    assert (wanted["topic"], wanted["partitions"]) == ("eu-wanted-orders", 1)
