"""`shipsentry check`: of files and of a worker, its words and its exit status."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import Result
from support.builders import BORIS, NUMBER, order, picked_up, upload
from support.ports import free_port

from streams.outputs.check_answer import order_hash

Run = Callable[..., Result]
Answer = tuple[int, bytes]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Options that name a history: Anna's order 2 has no number, Boris's order 1 has NUMBER."""
    paths = {"orders": tmp_path / "orders.jsonl", "tracking": tmp_path / "tracking.jsonl"}
    lines = {
        "orders": [order("4920000000000000001", recipient=BORIS), order("2")],
        "tracking": [upload("4920000000000000001"), picked_up()],
    }
    options = []
    for name, path in paths.items():
        path.write_text("".join(json.dumps(line) + "\n" for line in lines[name]), "utf-8")
        options += [f"--{name}", str(path)]
    return options


def test_a_number_in_use_is_refused(run: Run, files: list[str]) -> None:
    """Exit status 1, reasons in both languages, the other order as a hash and nowhere plain."""
    result = run("check", "ZTO", f" {NUMBER} ", "--order", "2", *files)
    assert result.exit_code == 1
    assert result.output.startswith(f"BLOCK  zto {NUMBER} → 2  (douyin-2026-07-09)\n")
    assert "block  duplicate_tracking_number" in result.output
    assert "此前已用于另一收件人的订单" in result.output
    assert "was used before, for an order of another recipient" in result.output
    assert order_hash("4920000000000000001") in result.output
    assert "4920000000000000001" not in result.output


def test_a_carrier_is_known_by_its_names(run: Run, files: list[str]) -> None:
    """Also the number and the order as a spreadsheet writes them; a damaged order id is refused."""
    asked = ("--order", '="2"', *files)
    assert run("check", "中通快递", f"'{NUMBER}", *asked).output.startswith(
        f"BLOCK  zto {NUMBER} → 2 "
    )
    damaged = run("check", "zto", NUMBER, "--order", "4.92E+18", *files)
    assert damaged.exit_code == 2
    assert "damaged by a spreadsheet" in damaged.output


def test_its_times_are_in_one_zone(run: Run, files: list[str]) -> None:
    """Those of earlier uses as the texts have theirs; in JSON UTC, as in messages."""
    shown = run("check", "zto", NUMBER, "--order", "2", *files).output
    assert re.search(r"used by \S+ since 2026-11-20 1[0-9]:[0-9:]{5}\+08:00; recipient", shown)
    assert "+00:00" not in shown


def test_a_free_number_is_ok(run: Run, files: list[str]) -> None:
    """Exit status 0, one language where one is asked for."""
    result = run("check", "zto", "78123456700000", "--order", "2", "--lang", "en", *files)
    assert result.exit_code == 0
    assert result.output == (
        "OK  zto 78123456700000 → 2  (douyin-2026-07-09)\n"
        "  No risk found in number zto 78123456700000 for order 2.\n"
    )


def test_json(run: Run, files: list[str]) -> None:
    """The answer that scripts read; the same exit status."""
    result = run("check", "zto", NUMBER, "--order", "2", "--json", *files)
    found = json.loads(result.output)
    assert result.exit_code == 1
    assert (found["schema_version"], found["verdict"]) == (1, "block")
    assert found["reasons"][0]["code"] == "duplicate_tracking_number"
    assert set(found["reasons"][0]["says"]) == {"zh", "en"}
    assert found["uses"][0]["recipient"] == "different"
    assert found["track"]["picked_up_at"] == "2026-11-20T10:00:00+00:00"


def test_as_of_a_time(run: Run, files: list[str]) -> None:
    """Before the other upload arrived, the number was free."""
    before = ["--until", "2026-11-20T11:00:00+08:00"]
    assert run("check", "zto", NUMBER, "--order", "2", *files, *before).exit_code == 0


def test_a_hostile_number_steers_no_terminal(run: Run, files: list[str]) -> None:
    """Control characters are blanks in what is printed."""
    result = run("check", "zto", "781\x1b[31m\x07", "--order", "2", *files)
    assert result.exit_code == 1
    assert "\x1b[31M" not in result.output
    assert "\x07" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("zto", NUMBER),
        ("a:b", NUMBER, "--order", "2", "FILES"),
        ("zto", "  ", "--order", "2", "FILES"),
        ("zto", NUMBER, "--order", "2", "--until", "2026-11-20T11:00:00+08:00"),
        ("zto", NUMBER, "--order", "2", "FILES", "--until", "yesterday"),
        ("zto", NUMBER, "--order", "2", "FILES", "--worker", "http://localhost:1"),
        ("zto", NUMBER, "--order", "2", "--worker", "file:///etc/passwd"),
    ],
)
def test_wrong_usage(run: Run, files: list[str], arguments: tuple[str, ...]) -> None:
    """Exit status 2 and what is wrong, never a traceback."""
    given = [part for one in arguments for part in (files if one == "FILES" else [one])]
    result = run("check", *given)
    assert result.exit_code == 2
    assert "Error: " in result.output


def test_half_of_the_files(run: Run, files: list[str]) -> None:
    """Orders without tracking cannot be replayed."""
    assert run("check", "zto", NUMBER, "--order", "2", *files[:2]).exit_code == 2


@contextmanager
def serving(answers: list[Answer]) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A worker's page with answers ready; the last one stays. Gives its address and questions."""
    asked: list[dict[str, list[str]]] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query))
            status, body = answers[min(len(asked), len(answers)) - 1]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with served_by(Page) as address:
        yield address, asked


@contextmanager
def served_by(page: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on loopback; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), page)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer_of(run: Run, files: list[str]) -> bytes:
    """A real answer, as a worker gives it."""
    return run("check", "zto", NUMBER, "--order", "2", "--json", *files).stdout_bytes


def test_a_worker_is_asked(run: Run, files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of the settings, until it is ready; the answer is printed as one of files is."""
    answer = answer_of(run, files)
    with serving([(503, b'{"error": "restoring"}'), (200, answer)]) as (address, asked):
        host, _, port = address.removeprefix("http://").partition(":")
        monkeypatch.setenv("SHIPSENTRY_HTTP_HOST", host)
        monkeypatch.setenv("SHIPSENTRY_HTTP_PORT", port)
        # A proxy that does not exist: nobody may ask it.
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        result = run("check", "z+t o&", "78/12?", "--order", "订单")
    assert result.exit_code == 1
    assert "duplicate_tracking_number" in result.output
    question = {"carrier": ["z+t o&"], "tracking_number": ["78/12?"], "order_id": ["订单"]}
    assert asked == [question, question]


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        ([(503, b'{"error": "restoring"}')], 4, "restoring"),
        ([(200, b"<html>")], 4, "no worker of this release"),
        ([(200, b'{"verdict": "ok", "schema_version": 2}')], 4, "no worker of this release"),
        ([(404, b"")], 4, "404"),
        ([(500, b"\xff")], 4, "500"),
        ([(400, b'{"error": "carrier is blank"}')], 2, "carrier is blank"),
    ],
)
def test_no_answer(run: Run, answers: list[Answer], status: int, words: str) -> None:
    """One line that says why, and a status that no verdict has."""
    with serving(answers) as (address, _):
        result = run(
            *("check", "zto", NUMBER, "--order", "2", "--worker", address, "--patience", "0.2")
        )
    assert result.exit_code == status
    assert words in result.output


def test_a_worker_is_shown_the_token(
    run: Run, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody else is: an answer that sends on is none."""
    token = "a-token-of-16-or-more"  # noqa: S105  of this test
    answer = answer_of(run, files)
    seen: list[str | None] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers["Authorization"])
            self.send_response(302 if len(seen) > 1 else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.setenv("SHIPSENTRY_HTTP_TOKEN", token)
    with served_by(Page) as address:
        arguments = ("check", "zto", NUMBER, "--order", "2", "--worker", address)
        assert run(*arguments).exit_code == 1
        result = run(*arguments)
    assert (result.exit_code, "302" in result.output) == (4, True)
    assert seen == [f"Bearer {token}"] * 2
    assert token not in result.output


def test_nobody_listens(run: Run) -> None:
    """Exit status 4 at once."""
    address = f"http://127.0.0.1:{free_port()}"
    result = run("check", "zto", NUMBER, "--order", "2", "--worker", address)
    assert result.exit_code == 4
    assert f"no worker answers at {address}" in result.output


def test_pages_turned_off(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nobody to ask; the line says what to do."""
    monkeypatch.setenv("SHIPSENTRY_HTTP_PORT", "0")
    result = run("check", "zto", NUMBER, "--order", "2")
    assert result.exit_code == 4
    assert "SHIPSENTRY_HTTP_PORT" in result.output


@pytest.mark.parametrize(
    ("carrier", "number", "order_id", "said"),
    [
        ("z:to", NUMBER, "2", "CARRIER 'z:to' holds a colon; no carrier's name may"),
        (" ", NUMBER, "2", "CARRIER is blank"),
        ("zto", "", "2", "NUMBER is blank"),
        ("zto", NUMBER, " ", "--order is blank"),
        ("zto", "7" * 513, "2", "NUMBER has 513 characters; allowed are 512"),
    ],
)
def test_an_argument_that_cannot_be_is_named(
    run: Run, files: list[str], carrier: str, number: str, order_id: str, said: str
) -> None:
    """Exit status 2, of files and before any worker is asked."""
    for where in (files, ["--worker", "http://127.0.0.1:1"]):
        result = run("check", carrier, number, "--order", order_id, *where)
        assert result.exit_code == 2
        assert f"Error: {said}\n" in result.stderr
