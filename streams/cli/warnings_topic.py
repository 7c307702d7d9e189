"""Reading the warnings topic with kafka-python, for `warnings tail` and `warnings export`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import click
import msgspec
from kafka import KafkaConsumer, TopicPartition

from streams.admin import COMMAND_WAIT_S, client_options, connect, kafka_errors
from streams.profiles.packs import rule_files
from streams.rules import RULES
from streams.settings import Settings, load_settings

STATES = ("open", "breached", "resolved", "withdrawn")

POLL_MS = 500
"""How long one fetch waits, and so how soon Ctrl-C is heard at the latest."""


class Words(msgspec.Struct):
    """One text in both languages."""

    zh: str = ""
    en: str = ""


class WarningRevision(msgspec.Struct):
    """What these commands need of a revision; see the contract for the rest."""

    warning_id: str
    revision: int
    state: str
    rule: str
    stage: str = ""
    severity: str = ""
    platform: str = ""
    shop_id: str | None = None
    order_ids: list[str] = []
    carrier: str | None = None
    tracking_number: str | None = None
    deadline: str | None = None
    detected_at: str | None = None
    message: Words = msgspec.field(default_factory=Words)


class Read(NamedTuple):
    """One record: its key, its value as it is, and what the value says; `warning` None: a deletion,
    or a value that is no warning (`bad`)."""

    key: bytes | None
    value: bytes | None
    warning: WarningRevision | None
    bad: bool = False


def _known(_: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of rules, if each is built in or of a rule pack in use."""
    for name in names:
        if name not in RULES:
            packs = load_settings().profile_dirs
            own = [path.stem for pack in packs for path in rule_files(pack)]
            if name not in own:
                known = ", ".join([*RULES, *own])
                raise click.BadParameter(f"{name!r} is no rule; there are {known}", param=parameter)
    return names


class Filter(NamedTuple):
    """Which warnings are wanted; an empty part wants all."""

    rules: tuple[str, ...]
    states: tuple[str, ...]
    shops: tuple[str, ...]
    platforms: tuple[str, ...]

    def wants(self, warning: WarningRevision) -> bool:
        """Whether the warning fits every part."""
        return (
            (not self.rules or warning.rule in self.rules)
            and (not self.states or warning.state in self.states)
            and (not self.shops or warning.shop_id in self.shops)
            and (not self.platforms or warning.platform in self.platforms)
        )


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--rule --state --shop --platform` of a command."""
    for decorate in (
        click.option(
            "--platform", "platforms", multiple=True, help="Of this platform; repeatable."
        ),
        click.option("--shop", "shops", multiple=True, help="Of this shop; repeatable."),
        click.option(
            "--state",
            "states",
            multiple=True,
            type=click.Choice(STATES),
            help="In this state; repeatable.",
        ),
        click.option(
            "--rule",
            "rules",
            multiple=True,
            callback=_known,
            metavar="RULE",
            help="Of this rule (`shipsentry rules list`); repeatable.",
        ),
    ):
        command = decorate(command)
    return command


_decode = msgspec.json.Decoder(WarningRevision).decode


def parse(key: bytes | None, value: bytes | None) -> Read:
    """A record as these commands see it."""
    if value is None:
        return Read(key, None, None)
    try:
        return Read(key, value, _decode(value))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Read(key, value, None, bad=True)


class WarningsTopic:
    """The warnings topic, open for reading; no consumer group, so nobody else is disturbed."""

    def __init__(self, consumer: KafkaConsumer, partitions: list[TopicPartition]) -> None:
        self._consumer = consumer
        self._partitions = partitions

    def follow(self, *, from_beginning: bool) -> Iterator[list[Read]]:
        """Records as they come, for ever; an empty list about every POLL_MS while none do.

        The first list is always empty: by then it is settled where reading begins.
        """
        if from_beginning:
            self._consumer.seek_to_beginning(*self._partitions)
        else:
            self._consumer.seek_to_end(*self._partitions)
        for partition in self._partitions:
            self._consumer.position(partition)  # asks the broker now, not at the first fetch
        yield []
        while True:
            yield self._poll()

    def snapshot(self) -> Iterator[list[Read]]:
        """Every record that is on the topic at this moment."""
        consumer = self._consumer
        ends = consumer.end_offsets(self._partitions)
        consumer.seek_to_beginning(*self._partitions)
        idle = 0
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            reads = self._poll()
            idle = 0 if reads else idle + 1
            if idle * POLL_MS > 60_000:
                raise click.ClickException("the brokers stopped sending: not all warnings are read")
            yield reads

    def _poll(self) -> list[Read]:
        batches = self._consumer.poll(timeout_ms=POLL_MS, max_records=5_000)
        return [
            parse(record.key, record.value) for records in batches.values() for record in records
        ]


@contextmanager
def open_warnings(settings: Settings) -> Iterator[WarningsTopic]:
    """The warnings topic, until the block ends. Raises KafkaUnavailable, or ClickException where
    there is no such topic."""
    name = settings.warnings_topic
    with connect(settings, COMMAND_WAIT_S) as admin:
        (topic,) = admin.describe_topics([name])
    numbers = sorted(partition["partition_index"] for partition in topic["partitions"])
    if not numbers:
        raise click.ClickException(
            f"there is no topic {name!r} at {settings.bootstrap_servers} "
            "(`shipsentry topics create` makes it)"
        )
    partitions = [TopicPartition(name, number) for number in numbers]
    with kafka_errors(settings):
        consumer = KafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            consumer.assign(partitions)
            yield WarningsTopic(consumer, partitions)
        finally:
            consumer.close()
