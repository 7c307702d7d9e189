"""Commands run as users run them: by name, with an environment and a directory of their own."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka_server import KafkaServer

from streams.cli.group import main
from streams.cli.logs import LIBRARIES

with warnings.catch_warnings():
    # kafka-python 3.0 reads its protocol with a deprecated function of importlib, when imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kafka  # noqa: F401 - imported here so that no test imports it first

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def environment(tmp_path: Path) -> Iterator[None]:
    """No settings but those that the test makes, an empty current directory, a known zone."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("SHIPSENTRY_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()
        monkeypatch.chdir(tmp_path)
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands set logging up for the whole process: undo that."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)


@pytest.fixture
def run() -> Run:
    """`run("topics", "check")` is `shipsentry topics check`; errors other than exits are raised."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(main, list(arguments), prog_name="shipsentry")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def cluster(kafka: KafkaServer, app_id: str, monkeypatch: pytest.MonkeyPatch) -> KafkaServer:
    """The broker, with settings that give this test topics of its own."""
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("SHIPSENTRY_APP_ID", app_id)
    for name in (
        *("orders", "tracking", "warnings", "dead_letters", "shop_risk", "product_risk"),
        *("actions", "stock"),
    ):
        monkeypatch.setenv(f"SHIPSENTRY_{name.upper()}_TOPIC", f"{app_id}-{name}")
    return kafka
