"""The demo's course: broker, worker, history, what it says, and whether it was right."""

from __future__ import annotations

import logging
import socket
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from streams.app import assemble
from streams.demo import view
from streams.demo.background import Background
from streams.demo.broker import EmbeddedCluster
from streams.demo.clock import SimulatedClock
from streams.demo.history import ENDS_AT, STARTS_AT, Entry, Outcome, differences, load, replayed
from streams.demo.levels import with_levels
from streams.demo.player import Player
from streams.demo.reader import Reader
from streams.demo.screen import Screen
from streams.engine.kafka.config import EngineConfig, tables_of
from streams.engine.kafka.topics import Topics
from streams.profiles.loader import load as load_profiles
from streams.profiles.model import Profiles
from streams.telemetry.counted import counted

PARTITIONS = 4
START_PATIENCE = 45.0
SETTLE_PATIENCE = 10.0
"""After the clock has stopped: how long the worker may be silent before a difference is final."""
URGENT = 3
"""Warnings to act on that the summary names."""
SETTLE_QUIET = 1.0
"""How long nothing may come before agreement counts: several ticks."""


class DemoError(RuntimeError):
    """The demo cannot start or go on; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Options:
    """`speed`: simulated hours a second. `port`: 0 no web pages, None a free one. `desk`: a desk
    besides the worker's pages."""

    speed: float = 5.0
    port: int | None = None
    keep: bool = False
    desk: bool = False


def run(options: Options, screen: Screen) -> int:
    """Run the demo; 0 where the worker agreed with replay, 1 where not. Raises DemoError.

    KeyboardInterrupt passes through, with everything stopped.
    """
    entries, topics = with_levels(load()), Topics(stocked=True)
    port = _port(options.port)
    clock = SimulatedClock(STARTS_AT, ENDS_AT, options.speed * 3600)
    profiles = load_profiles()
    with ExitStack() as stack:
        log = stack.enter_context(_captured_log())
        directory = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="shipsentry-demo-", ignore_cleanup_errors=True)
        )
        cluster = stack.enter_context(EmbeddedCluster(topics=_all_topics(topics)))
        config = EngineConfig(
            app_id=topics.app_id,
            bootstrap=cluster.bootstrap,
            data_dir=Path(directory),
            partitions=PARTITIONS,
            tables=tables_of(topics),
            fetch_max_wait_ms=20,
            tick_interval=0.1,
        )
        _introduce(screen, options, entries, cluster.bootstrap, port)
        background = Background(
            lambda: assemble(config, topics, profiles, clock=clock.now_us, warnings_page=True),
            port,
        )
        background.start()
        stack.callback(background.stop)
        desk = ""
        if options.desk:
            desk = _serve_desk(
                stack, screen, cluster.bootstrap, topics, profiles, clock, Path(directory)
            )
        reader = Reader(cluster.bootstrap, topics, PARTITIONS)
        stack.callback(reader.close)
        expected = replayed(entries, profiles)
        _await(background, log)
        if screen.verbose:
            screen.say(click.style(view.clip(view.HEADER, screen.width), bold=True))
        else:
            screen.say(
                click.style("What is warned of, when the first of its kind is seen", bold=True)
            )
        player = Player(cluster.bootstrap, entries, clock)
        stack.callback(player.stop)
        began = time.monotonic()
        clock.start()
        player.start()
        show = _Show(screen, reader, clock, player)
        while not (clock.finished and player.done.is_set()):
            show.frame()
            _fail_if_ended(background, player, log)
        took = time.monotonic() - began
        problems = _settled(show, expected, lambda: _fail_if_ended(background, player, log))
        show.end()
        _summarise(screen, reader.outcome, entries, took)
        _judge(screen, reader.outcome, problems)
        if options.keep and (port or options.desk):
            _keep(screen, background, port, desk)
    return 1 if problems else 0


def _serve_desk(
    stack: ExitStack,
    screen: Screen,
    bootstrap: str,
    topics: Topics,
    profiles: Profiles,
    clock: SimulatedClock,
    folder: Path,
) -> str:
    """Serve a desk until the demo ends, and say how to sign in; the sentence that says it."""
    try:
        # Only here: a demo without a desk needs nothing of what the desk does.
        from streams.demo.desk import DeskNotServed, served
    except ModuleNotFoundError as error:
        raise DemoError(f"--desk needs {error.name}: pip install 'shipsentry[desk]'") from error
    port = _port(None)
    try:
        desk = stack.enter_context(served(bootstrap, topics, profiles, clock.now_us, folder, port))
    except DeskNotServed as error:
        raise DemoError(str(error)) from error
    said = f"The desk: {desk.address}   sign in as {desk.user} with {desk.password}"
    screen.say(said)
    screen.say()
    return said


class _Show:
    """What is read goes to the screen, frame by frame."""

    def __init__(
        self, screen: Screen, reader: Reader, clock: SimulatedClock, player: Player
    ) -> None:
        self._screen = screen
        self._reader = reader
        self._clock = clock
        self._player = player

    def frame(self) -> bool:
        """Show what came within a tenth of a second; whether anything did."""
        revisions = self._reader.poll(0.1)
        for warning in revisions or ():
            self._screen.revision(warning)
        now = self._clock.now_us()
        share = (now - STARTS_AT) / (ENDS_AT - STARTS_AT)
        outcome = self._reader.outcome
        self._screen.status(view.status(outcome, now, self._player.played, share))
        return revisions is not None

    def end(self) -> None:
        """Nothing more will come."""
        self._screen.rest()
        self._screen.clear()

    @property
    def outcome(self) -> Outcome:
        return self._reader.outcome


def _settled(show: _Show, expected: Outcome, look: Callable[[], None]) -> list[str]:
    """Wait until the worker has no more to say; how it differs from replay then."""
    heard_at = time.monotonic()
    while True:
        if show.frame():
            heard_at = time.monotonic()
        look()
        quiet = time.monotonic() - heard_at
        if quiet >= SETTLE_QUIET:
            problems = differences(show.outcome, expected)
            if not problems or quiet >= SETTLE_PATIENCE:
                return problems


def _keep(screen: Screen, background: Background, port: int, desk: str) -> None:
    with suppress(KeyboardInterrupt):  # it may come as soon as the line is out
        pages = f" {_warnings(port)} {_metrics(port)}" if port else ""
        screen.say(f"\nStill serving; Ctrl-C ends it.{pages} {desk}".rstrip())
        background.ended.wait()


def _warnings(port: int) -> str:
    return f"http://127.0.0.1:{port}/warnings"


def _metrics(port: int) -> str:
    return f"http://127.0.0.1:{port}/metrics"


def _introduce(
    screen: Screen, options: Options, entries: list[Entry], bootstrap: str, port: int
) -> None:
    hours = (ENDS_AT - STARTS_AT) / 3_600_000_000
    screen.say(click.style("ShipSentry demo", bold=True))
    screen.say(
        f"A made-up week, {view.moment(STARTS_AT)} to {view.moment(ENDS_AT)} Beijing time, in "
        f"about {hours / options.speed:.0f} s: three shops on Douyin and Tmall, "
        f"{counted(len(entries), 'record', ',')}."
    )
    screen.say(
        f"The broker ({bootstrap}) lives in this process's memory: nothing is stored, and when the "
        "demo ends, all of it is gone."
    )
    screen.say("The worker is the one that `shipsentry worker` runs; only its clock is simulated.")
    if screen.verbose:
        screen.say(
            "OPEN: act before the deadline · BREACHED: it has passed · RESOLVED: ended · "
            "WITHDRAWN: a record that came later proves it wrong"
        )
    if port:
        stay = "until Ctrl-C" if options.keep else "while it runs; with --keep longer"
        screen.say(f"Its pages ({stay}):")
        screen.say(f"  {_warnings(port)}           the warnings that stand, the most urgent first")
        screen.say(f"  {_warnings(port)}?lang=zh   当前发货风险预警，最紧急的在前")
        screen.say(f"  {_metrics(port)}            what Prometheus reads")
    screen.say()


def _summarise(screen: Screen, outcome: Outcome, entries: list[Entry], took: float) -> None:
    total = len(entries)
    orders = {entry.key for entry in entries if entry.topic == "order-paid" and entry.key}
    warned = {number for one in outcome.warnings.values() for number in one["order_ids"]}
    screen.say()
    for number, line in enumerate(view.table(outcome)):
        screen.say(click.style(line, bold=True) if number < 2 else line)
    screen.say()
    screen.say(
        f"{len(orders) - len(warned)} of {counted(len(orders), 'order')} never had a warning"
    )
    screen.say(view.at_stake(outcome.warnings.values()))
    screen.say(view.dead_letters(outcome.dead_letters))
    screen.say(view.stock(outcome.stock.values()))
    screen.say(
        f"{counted(total, 'record', ',')} in {took:.1f} s: {total / took:,.0f} events/s, "
        "the pace of the simulated clock and not the worker's limit"
    )
    urgent = view.most_urgent(outcome.warnings.values(), 5 if screen.verbose else URGENT)
    if urgent:
        screen.say()
        screen.say(click.style("To act on now", bold=True))
    for warning in urgent:
        if screen.verbose:
            screen.say(view.line({**warning, "detected_at": warning["opened_at"]}, screen.width))
            screen.say(f"{'':<13}{view.cost(warning)}")
        else:
            screen.say(view.urgent(warning, screen.width))
        for language in ("en", "zh"):
            screen.say(f"{'':<13}{warning['remedy'][language]}")
    screen.say()


def _judge(screen: Screen, outcome: Outcome, problems: list[str]) -> None:
    standing = sum(one["state"] != "withdrawn" for one in outcome.warnings.values())
    if problems:
        screen.say(click.style("Self-check: DIFFERENT from a replay of the records", fg="red"))
        for problem in problems[:20]:
            screen.say(f"  {problem}")
        if len(problems) > 20:
            screen.say(f"  … and {len(problems) - 20} more")
    else:
        screen.say(
            click.style("Self-check: equal", fg="green")
            + f" – {counted(standing, 'standing warning')} and "
            f"{counted(outcome.dead_letters.total(), 'dead letter')}, "
            "the same as a replay of these records without Kafka"
        )
    screen.say(
        "Nothing is stored. On your own Kafka, which SHIPSENTRY_BOOTSTRAP_SERVERS names: "
        "`shipsentry topics create`, then `shipsentry worker`."
    )
    more = "" if screen.verbose else " Each revision as it comes: `shipsentry demo --verbose`."
    screen.say(f"On files of past messages: `shipsentry replay --help`.{more}")


def _await(background: Background, log: deque[str]) -> None:
    give_up = time.monotonic() + START_PATIENCE
    while not background.ready.wait(0.1):
        _fail_if_ended(background, None, log)
        if time.monotonic() > give_up:
            raise DemoError(f"the worker was not ready within {START_PATIENCE:.0f} s{_last(log)}")


def _fail_if_ended(background: Background, player: Player | None, log: deque[str]) -> None:
    if background.ended.is_set():
        raise DemoError(f"the worker ended: {background.failure or 'no reason given'}{_last(log)}")
    if player is not None and player.failure is not None:
        raise DemoError(f"the history could not be played: {player.failure}{_last(log)}")


def _last(log: deque[str]) -> str:
    return "".join(f"\n  {line}" for line in list(log)[-5:])


@contextmanager
def _captured_log() -> Iterator[deque[str]]:
    """Keep the log off the screen; its last lines are shown where something fails."""
    lines: deque[str] = deque(maxlen=100)

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.levelname.lower()} {record.name}: {record.getMessage()}")

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [Keep()]
    root.setLevel(logging.WARNING)
    try:
        yield lines
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def _all_topics(topics: Topics) -> dict[str, int]:
    names = [*topics.consumed, *topics.outputs, *topics.changelogs, topics.actions]
    return dict.fromkeys(names, PARTITIONS)


def _port(wanted: int | None) -> int:
    """The port to serve on: the one wanted if it is free, or any that is."""
    if wanted == 0:
        return 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise DemoError(
                f"--port {wanted}: cannot listen there ({error.strerror}): allowed is a port where "
                "nobody listens yet, or 0: no pages"
            ) from error
        return int(probe.getsockname()[1])
