"""Topics, tables and inputs of stock: there unless one does without."""

from __future__ import annotations

import pytest

from streams.engine.kafka.config import TABLES
from streams.engine.kafka.topic_admin import topic_specs
from streams.settings import load_settings

STOCK = {
    "stock-level": "input",
    "shipsentry-stock-level-rekey": "internal",
    "shipsentry-stock-facts": "internal",
    "shipsentry-stock-changelog": "changelog",
}


def test_who_does_without_stock_has_none_of_its_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made, read or kept."""
    monkeypatch.setenv("SHIPSENTRY_STOCK", "false")
    settings = load_settings()
    names = {spec.name for spec in topic_specs(settings)}
    assert not names & STOCK.keys()
    assert not {*settings.topics().consumed, *settings.topics().inputs} & STOCK.keys()
    assert settings.engine().tables == TABLES


def test_stock_is_read_and_its_topics_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four more, co-partitioned; the changelog is that of its table, the input one of others'."""
    monkeypatch.delenv("SHIPSENTRY_STOCK", raising=False)
    settings = load_settings()
    topics, config = settings.topics(), settings.engine()
    specs = {spec.name: spec for spec in topic_specs(settings) if spec.name in STOCK}
    assert {name: spec.role for name, spec in specs.items()} == STOCK
    assert all(spec.mate and spec.needed for spec in specs.values())
    assert not specs["stock-level"].own
    assert STOCK.keys() - {"shipsentry-stock-changelog"} <= set(topics.consumed)
    assert "stock-level" in config.inputs
    assert tuple(map(config.changelog_topic, config.tables)) == topics.changelogs
