"""The whole demo as a user runs it: broker, worker, history, verdict, and the ways to end it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stories import ON

from streams.rules.registry import RULES

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def demo(*arguments: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    """`shipsentry demo` in a process of its own, with `home` for its temporary files."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from streams.cli.group import main; main()", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(home), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the demo prints up to a line with `words`."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"{words!r} was not said:\n{said}")


def test_the_worker_agrees_with_replay(tmp_path: Path) -> None:
    """The demo ends by itself, with every rule in its table and an equal verdict."""
    with demo("--speed", "20", "--port", "0", "--verbose", home=tmp_path) as process:
        said = process.communicate(timeout=90)[0]
    assert "Self-check: equal" in said
    assert process.returncode == 0
    assert "Traceback" not in said
    for rule in ("ship", "pickup"):
        assert f"{rule}_overdue" in said
    for state in ("OPEN", "BREACHED", "RESOLVED", "WITHDRAWN"):
        assert f" {state} " in said
    assert said.count("othing is stored") == 2
    assert list(tmp_path.iterdir()) == []


def test_it_is_calm_and_leads_to_its_pages(tmp_path: Path) -> None:
    """A screen while it runs and one at the end: each rule once as what it is about, the summary,
    the verdict; the links answer meanwhile."""
    with demo("--speed", "20", "--no-color", home=tmp_path) as process:
        said = read_until(process, "What is warned of")
        links = re.findall(r"^  http://127\.0\.0\.1:(\d+)/(\S+)", said, re.MULTILINE)
        assert [page for _, page in links] == ["warnings", "warnings?lang=zh", "metrics"]
        said += read_until(process, "ship_overdue")
        english, chinese, metrics = (
            fetched(f"http://127.0.0.1:{port}/{page}") for port, page in links
        )
        said += process.communicate(timeout=90)[0]
    assert "Shipment warnings that stand" in english
    assert "当前发货风险预警" in chinese
    assert "shipsentry_open_warnings" in metrics
    assert process.returncode == 0
    lines = said.splitlines()
    running, _, summary = said.partition("published as")
    shown = set(RULES) - set(ON)  # what is off in every built-in profile is not in its week
    assert len(running.splitlines()) < 13 + len(shown)
    assert len(lines) < 40 + 2 * len(shown)
    for rule in shown:
        assert len(re.findall(rf"^\d\d-\d\d \d\d:\d\d  {rule} +[A-Z].*\.$", running, re.M)) == 1
        assert f"\n{rule} " in summary
    assert "To act on now" in summary
    assert "Self-check: equal" in lines[-3]


def fetched(url: str) -> str:
    """A page of the demo."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as page:
        return str(page.read().decode())


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("ShipSentry demo", id="while-starting"),
        pytest.param("parcel or order", id="at-the-first-record"),
        pytest.param("OPEN", id="in-the-middle"),
        pytest.param("at the end", id="in-the-summary"),
    ],
)
def test_ctrl_c_ends_it_cleanly(tmp_path: Path, moment: str) -> None:
    """No traceback, status 130, no files left, at any moment; 0 where all was said before."""
    with demo("--speed", "30", "--port", "0", "--verbose", home=tmp_path) as process:
        said = read_until(process, moment)
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=90)[0]
    assert "Traceback" not in said
    assert process.returncode in ((130,) if moment != "at the end" else (0, 130))
    if process.returncode == 130:
        assert said.endswith("Stopped. Nothing was stored.\n")
    assert list(tmp_path.iterdir()) == []


def test_keep_serves_until_ctrl_c(tmp_path: Path) -> None:
    """With --keep the pages stay, and Ctrl-C then is the ordinary end."""
    with demo("--speed", "50", "--quiet", "--keep", home=tmp_path) as process:
        said = read_until(process, "Still serving")
        assert re.search(r"http://127\.0\.0\.1:\d+/warnings ", said.splitlines()[-1])
        port = int(said.rpartition("127.0.0.1:")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as page:
            page.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            assert b" 200 " in page.recv(100)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=90)[0]
    assert process.returncode == 0
    assert rest == ""


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    """The demo says what is wrong, in one line, and ends with 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo("--port", str(port), home=tmp_path) as process:
            said = process.communicate(timeout=90)[0]
    assert process.returncode == 1
    assert said == (
        f"Error: --port {port}: cannot listen there (Address already in use): allowed is a port "
        "where nobody listens yet, or 0: no pages\n"
    )


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    """--keep without pages keeps nothing."""
    with demo("--keep", "--port", "0", home=tmp_path) as process:
        said = process.communicate(timeout=90)[0]
    assert process.returncode == 2
    assert "--port 0 turns them off" in said
    with demo("--quiet", "--verbose", home=tmp_path) as process:
        said = process.communicate(timeout=90)[0]
    assert process.returncode == 2
    assert "--quiet and --verbose: only one of them" in said
