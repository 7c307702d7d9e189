"""The options of the commands that read warnings: which of them are wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from schemas.cleaning import clean, clean_id
from streams.cli.names import names_in_use
from streams.cli.suggest import did_you_mean
from streams.engine.kafka.warning_records import STATES, WarningRevision
from streams.profiles.packs import rule_files
from streams.rules.registry import RULES
from streams.settings import load_settings


def _known(_: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of rules, if each is built in or of a rule pack in use."""
    for name in names:
        if name not in RULES:
            packs = load_settings().profile_dirs
            own = [path.stem for pack in packs for path in rule_files(pack)]
            if name not in own:
                known = [*RULES, *own]
                raise click.BadParameter(
                    f"{name!r} is no rule{did_you_mean(name, known)} there are {', '.join(known)}",
                    param=parameter,
                )
    return names


def _beginning(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """For a shell: the built-in rules whose names begin so."""
    return [name for name in RULES if name.startswith(incomplete)]


def _platforms(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Platforms by their codes, whatever they are called."""
    if not given:
        return given
    names = names_in_use()
    return tuple(names.platform_of(clean(name)) for name in given)


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
            "--platform",
            "platforms",
            multiple=True,
            callback=_platforms,
            help="Of this platform, by any of its names; repeatable.",
        ),
        click.option(
            "--shop",
            "shops",
            multiple=True,
            callback=lambda _, __, given: tuple(clean_id(shop) for shop in given),
            help="Of this shop; repeatable.",
        ),
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
            shell_complete=_beginning,
            help="Of this rule (`shipsentry rules list`); repeatable.",
        ),
    ):
        command = decorate(command)
    return command
