"""One campaign: a plan made from a seed, its steps while histories are sent, and the verdict."""

from __future__ import annotations

import gzip
import itertools
import json
import platform
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from faults import shop_days, verifier
from faults.cluster import (
    DEAD_LETTERS,
    INPUTS,
    PROGRAM,
    RISKS,
    WARNINGS,
    Cluster,
    TookTooLong,
    wait_for,
)
from faults.observer import Observer
from faults.table import DEPLOY, FAULTS, KILL, Fault, Scene
from faults.workload import Part, Producing, now, part, seeds_of

PUBLISHED = (WARNINGS, DEAD_LETTERS, *RISKS)

READY_S = 180.0
"""How long workers may take to be ready after a fault before that is a problem."""

END_S = 180.0
"""How long after the last fault what stands may be wrong."""


@dataclass(frozen=True)
class Options:
    """What a campaign is made of; the same options give the same plan and the same messages."""

    seed: int
    kills: int = 100
    faults: int = 30
    names: tuple[str, ...] = ()
    workers: int = 3
    brokers: int = 3
    settings: tuple[tuple[str, str], ...] = ()
    release: str | None = None
    """The command of an earlier release, with which the campaign begins."""


@dataclass
class Step:
    """One fault of a plan, and what came of it; times are seconds since the campaign began."""

    fault: str
    seconds: float
    pause: float
    part: int
    began: float | None = None
    undone: float | None = None
    problem: str | None = None


@dataclass
class Result:
    """What is kept of a campaign."""

    options: Options
    began: str
    steps: list[Step]
    verdict: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    impossible: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong and every step went as it should."""
        return bool(self.verdict.get("clean")) and not self.problems


def chosen(names: Sequence[str]) -> tuple[list[Fault], dict[str, str]]:
    """The faults of a campaign besides kills, and those that this machine cannot do, with why."""
    asked = [f for f in FAULTS if not names or f.name in names]
    impossible = {f.name: why for f in asked if (why := f.impossible()) is not None}
    return [f for f in asked if f.name not in impossible], impossible


def plan(options: Options, faults: Sequence[Fault]) -> list[Step]:
    """The steps: kills and the other faults in turn, mixed; and which history comes with each."""
    rng = random.Random(f"plan/{options.seed}")
    order = rng.sample(list(faults), len(faults))
    further = [order[n % len(order)] for n in range(options.faults)] if order else []
    mixed = [*[KILL] * options.kills, *further]
    rng.shuffle(mixed)
    if options.release:
        # What this release promises of other faults no earlier one did.
        before = [KILL] * min(options.kills, len(mixed) // 3)
        after = [*[KILL] * (options.kills - len(before)), *further]
        rng.shuffle(after)
        mixed = [*before, DEPLOY, *after]
    seeds = seeds_of(options.seed)
    return [
        Step(f.name, rng.uniform(*f.seconds), rng.uniform(0.0, 2.0), next(seeds)) for f in mixed
    ]


def run(options: Options, folder: Path, say: Callable[[str], None]) -> Result:
    """Run a campaign; its logs, its result and, where it is not clean, all that was published stay
    in `folder`."""
    faults, impossible = chosen(options.names)
    result = Result(options, now().isoformat(), plan(options, faults), impossible=impossible)
    result.figures["commit"] = _commit()
    by_name = {fault.name: fault for fault in (KILL, DEPLOY, *faults)}
    cluster = Cluster(
        folder,
        workers=options.workers,
        brokers=options.brokers,
        program=Path(options.release) if options.release else PROGRAM,
        skew=any(f.name.startswith("clock") for f in faults),
        settings=dict(options.settings),
    )
    with cluster:
        cluster.command(["topics", "create"])
        for worker in cluster.workers:
            worker.start()
        producing = Producing(cluster.kafka.bootstrap, dict(INPUTS))
        watched = {topic: len(cluster.ends(topic)) for topic in (*PUBLISHED, *INPUTS.values())}
        with Observer(cluster.kafka.bootstrap, watched) as observer:
            cluster.wait_ready(READY_S)
            parts = _steps(result, by_name, cluster, producing, observer, say)
            _judge(result, parts, cluster, producing, observer, say)
        if not result.is_clean:
            _keep(folder, observer)
    (folder / "result.json").write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False))
    (folder / "summary.md").write_text(summary(result))
    if result.is_clean:
        for worker in cluster.supervisor.workers.values():
            shutil.rmtree(worker.data, ignore_errors=True)
    return result


def _steps(
    result: Result,
    faults: dict[str, Fault],
    cluster: Cluster,
    producing: Producing,
    observer: Observer,
    say: Callable[[str], None],
) -> list[Part]:
    began = time.monotonic()
    rng = random.Random(f"steps/{result.options.seed}")
    turns: Counter[str] = Counter()
    parts: list[Part] = []
    gone: set[str] = set()
    for number, step in enumerate(result.steps):
        # Often its end is a deadline to the microsecond: somewhere in the next minutes.
        until = now() + timedelta(seconds=rng.uniform(0, 240))
        earlier = any(later.fault == DEPLOY.name for later in result.steps[number:])
        new = part(step.part, until, first=earlier)
        new.sent_at = now()
        half = len(new.records) // 2
        producing.send(new.records[:half], 1.0)
        scene = Scene(
            cluster,
            producing,
            tuple(parts),
            random.Random(f"{result.options.seed}/{number}"),
            turns[step.fault],
            gone,
            lambda: len(observer.seen),
        )
        turns[step.fault] += 1
        parts.append(new)
        step.began = round(time.monotonic() - began, 1)
        try:
            try:
                undo = faults[step.fault].begin(scene)
            finally:
                producing.send(new.records[half:], step.seconds)
            try:
                time.sleep(step.seconds)
            finally:
                undo()
            if number % 10 == 9:
                cluster.wait_ready(READY_S)
        except Exception as error:
            step.problem = f"{type(error).__name__}: {error}"
            result.problems.append(f"step {number}, {step.fault}: {step.problem}")
        step.undone = round(time.monotonic() - began, 1)
        say(
            f"{step.undone:7.1f} s  {number + 1:3}/{len(result.steps)}  {step.fault}"
            f"  {step.undone - step.began:.1f} s  {step.problem or ''}"
        )
        time.sleep(step.pause)
    result.figures["steps_s"] = round(time.monotonic() - began, 1)
    result.figures["gone"] = sorted(gone)
    return parts


def _judge(
    result: Result,
    parts: list[Part],
    cluster: Cluster,
    producing: Producing,
    observer: Observer,
    say: Callable[[str], None],
) -> None:
    producing.finish()
    if producing.failed:
        why = Counter(error.name() for error in producing.failed).most_common()
        result.problems.append(
            f"{len(producing.failed)} records were never taken by the brokers: {why}"
        )
    try:
        cluster.wait_ready(READY_S)
        caught_up = wait_for(lambda: cluster.lag() == 0, READY_S, "lag 0")
        result.figures["caught_up_s"] = round(caught_up, 1)
    except TookTooLong as error:
        result.problems.append(f"at the end: {error}")
    gone = result.figures["gone"]
    deadline = time.monotonic() + END_S
    for looks in itertools.count(1):
        result.figures["looks"] = looks
        earlier = now() - timedelta(seconds=5)
        before = verifier.expected(parts, earlier)
        days = [shop_days.replayed(cluster, parts, earlier)]
        for topic in (*PUBLISHED, *(topic for topic in INPUTS.values() if topic not in gone)):
            ends = cluster.ends(topic)
            wait_for(lambda t=topic, e=ends: observer.has_reached(t, e), 60, f"the end of {topic}")
        seen = list(observer.seen)
        producing.locate(
            (each.topic, each.partition, each.offset, each.key, each.value) for each in seen
        )
        arrival = now()
        after = verifier.expected(parts, arrival)
        verdict = verifier.verify(
            seen,
            producing.placed,
            before,
            after,
            arrival,
            warnings=WARNINGS,
            dead_letters=DEAD_LETTERS,
            gone=gone,
        )
        days.append(shop_days.replayed(cluster, parts, arrival))
        verdict.shop_days = shop_days.differing(shop_days.published(seen), *days)
        verdict.figures["shop_days"] = len(days[1])
        if verdict.stands_right() or time.monotonic() > deadline:
            break
        time.sleep(2)
    result.verdict = verifier.shown(verdict)
    ends = cluster.supervisor.ends
    result.figures |= {
        "records": len(producing.placed),
        "poison": sum(record.poison for record in producing.placed.values()),
        # Of each partition: first offset, end, committed.
        "inputs": cluster.places(tuple(INPUTS.values())),
        "ended_by_themselves": len(ends),
        "last_words": dict(Counter(f"status {end.status}: {end.said}" for end in ends)),
        "machine": platform.platform(),
    }
    say(f"verdict: {json.dumps(result.verdict['figures'])}")


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - whatever git there is
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _keep(folder: Path, observer: Observer) -> None:
    with gzip.open(folder / "published.jsonl.gz", "wt", encoding="utf-8") as file:
        for seen in observer.seen:
            texts = {
                name: (raw or b"").decode()
                for name, raw in (("key", seen.key), ("value", seen.value))
            }
            file.write(json.dumps({**vars(seen), **texts}, ensure_ascii=False) + "\n")


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode()


def summary(result: Result) -> str:
    """One page about a campaign."""
    verdict, options = result.verdict, result.options
    done = Counter(step.fault for step in result.steps)
    counts = {k: v for k, v in verdict.items() if isinstance(v, int) and k != "clean"}
    lines = [
        f"# Campaign of seed {options.seed}: {'clean' if result.is_clean else 'NOT clean'}",
        "",
        f"Began {result.began}, commit {result.figures.get('commit')}; {options.brokers} brokers,"
        f" {options.workers} workers.",
        "",
        ", ".join(f"{count} {name}" for name, count in counts.items()) + ".",
        "",
        "| fault | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in sorted(done.items(), key=lambda p: -p[1])),
        *(f"| {name} | not possible here: {why} |" for name, why in result.impossible.items()),
        "",
        "| figure | value |",
        "|---|---|",
        *(
            f"| {name} | {json.dumps(value)} |"
            for name, value in {**verdict.get("figures", {}), **result.figures}.items()
            if name not in ("last_words", "gone", "inputs")  # long: result.json has them
        ),
    ]
    lines += ["", "Workers that ended by themselves, and their last words:", ""]
    words = result.figures.get("last_words", {}).items()
    lines += [f"- {count} times {said}" for said, count in words] or ["- none"]
    if result.problems:
        lines += ["", "Problems:", "", *(f"- {problem}" for problem in result.problems)]
    if verdict.get("examples"):
        lines += [
            "",
            "```json",
            json.dumps(verdict["examples"], indent=1, ensure_ascii=False),
            "```",
        ]
    return "\n".join(lines) + "\n"
