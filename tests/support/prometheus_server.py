"""A real Prometheus on loopback, with the files that `docker-compose.yml` mounts into its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.ports import free_port

CONFIG = Path(__file__).resolve().parents[2] / "prometheus"
"""What compose mounts; a test asserts that it does."""

START_PATIENCE = 60.0


class PrometheusServer:
    """Prometheus as Debian packages it, on a free port; a context manager.

    `folder` takes a copy of `prometheus/`, unchanged but for one more file of targets, as operators
    add workers: `targets` are `host:port`.
    """

    def __init__(self, folder: Path, targets: Sequence[str]) -> None:
        self._folder = folder
        self._targets = list(targets)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        program = shutil.which("prometheus")
        assert program, "prometheus is not installed: scripts/setup --operators does it"
        config = self._folder / "etc"
        shutil.copytree(CONFIG, config)
        self._write_targets()
        self.port = free_port()
        command = [
            program,
            f"--config.file={config / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        setpriv = shutil.which("setpriv")
        if setpriv is not None:  # ends with the test, whatever ends that
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_PATIENCE
        while not self._ready():
            assert self._process.poll() is None, f"Prometheus ended:\n{self.tail()}"
            assert time.monotonic() < deadline, f"Prometheus does not answer:\n{self.tail()}"
            time.sleep(0.1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def add(self, target: str) -> None:
        """Scrape one more; Prometheus sees the file change."""
        self._targets.append(target)
        self._write_targets()

    def remove(self, target: str) -> None:
        """Scrape it no more; its series end."""
        self._targets.remove(target)
        self._write_targets()

    def _write_targets(self) -> None:
        path = self._folder / "etc" / "targets" / "test.yml"
        new = path.with_suffix(".new")
        new.write_text(json.dumps([{"targets": self._targets}]))  # JSON is YAML
        new.replace(path)

    @property
    def log(self) -> Path:
        """What it says."""
        return self._folder / "prometheus.log"

    def tail(self) -> str:
        """The end of what it said."""
        return self.log.read_text(errors="replace")[-3_000:]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of an expression now; a scalar is one sample without labels.

        Raises AssertionError with Prometheus' own words where it takes the expression for wrong.
        """
        data = self._get("query", {"query": expression})
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        assert data["resultType"] == "vector", data["resultType"]
        found: list[dict[str, Any]] = data["result"]
        return found

    def series(self, selector: str) -> list[dict[str, str]]:
        """The label sets that a selector finds."""
        found: list[dict[str, str]] = self._get("series", {"match[]": selector})
        return found

    def alerts(self) -> dict[str, str]:
        """Each alert that is pending or firing, and which; firing wins."""
        found: dict[str, str] = {}
        for alert in self._get("alerts", {})["alerts"]:
            name, state = alert["labels"]["alertname"], alert["state"]
            if found.get(name) != "firing":
                found[name] = state
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Every rule that it has loaded, with its health."""
        return [rule for group in self._get("rules", {})["groups"] for rule in group["rules"]]

    def _get(self, what: str, given: dict[str, str]) -> Any:
        query = urllib.parse.urlencode(given)
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/api/v1/{what}?{query}", timeout=20
            ) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{given}: {error.read().decode()}") from error

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2):
                return True
        except OSError:
            return False
