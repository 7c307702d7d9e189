"""Groups that load a command's module when the command is used, and errors in one line."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from streams.cli.files import ended_by_a_closed_pipe
from streams.cli.logs import quiet
from streams.cli.suggest import close_to
from streams.settings import SettingsError
from streams.telemetry.secrets import masked


class CommandBroken(click.ClickException):
    """A command's module, or one that it needs, cannot be loaded."""


class BrokenCommand(click.Command):
    """Stands for a command that cannot be loaded; its help says why."""


class Lazy(NamedTuple):
    """A command as `module:attribute`, and its line in the list of commands (empty: not listed)."""

    target: str
    summary: str = ""


class LazyGroup(click.Group):
    """A group that lists its commands without loading them.

    A command whose own module does not exist is left out; one that cannot be loaded for another
    reason says so when it is used, and leaves the others alone.
    """

    def __init__(
        self,
        name: str,
        *,
        lazy: Mapping[str, Lazy],
        commands: Sequence[click.Command] = (),
        **attributes: Any,
    ) -> None:
        super().__init__(name, commands=commands, **attributes)
        self._lazy = dict(lazy)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order in which they are registered, lazy ones first."""
        there = [name for name, lazy in self._lazy.items() if lazy.summary and _exists(lazy.target)]
        return [*there, *self.commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, with the summaries given here."""
        with formatter.section("Commands"):
            formatter.write_dl(self._summaries(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now; None where there is none of this name."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None or not _exists(lazy.target):
            return super().get_command(ctx, cmd_name)
        module, _, attribute = lazy.target.partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            return _broken(cmd_name, error)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name, or a usage error that names a close one."""
        name = args[0]
        known = [*self._lazy, *self.commands]
        if name.startswith("-") or name in known or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        close = self._meant(ctx, name)
        hint = "" if close is None else f" Did you mean `{ctx.command_path} {close}`?"
        raise click.UsageError(f"No such command {name!r}.{hint}", ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a shell may put here: commands with their summaries, none of them loaded."""
        found = [
            CompletionItem(name, help=summary)
            for name, summary in self._summaries(ctx)
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def _summaries(self, ctx: click.Context) -> list[tuple[str, str]]:
        """Name and summary of each listed command."""
        rows = []
        for name in self.list_commands(ctx):
            lazy = self._lazy.get(name)
            summary = self.commands[name].get_short_help_str(80) if lazy is None else lazy.summary
            rows.append((name, summary))
        return rows

    def _meant(self, ctx: click.Context, name: str) -> str | None:
        """The command nearest to a name, here or, of exactly this name, in a group within."""
        for group in self.commands.values():
            if isinstance(group, click.Group) and name in group.list_commands(ctx):
                return f"{group.name} {name}"
        return close_to(name, self.list_commands(ctx))


class RootGroup(LazyGroup):
    """The outermost group: what commands raise for the operator ends in one line."""

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """The context; `--help` and `--version` print while it is made."""
        with ended_by_a_closed_pipe():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Wrong settings exit with 2, as wrong usage does; Kafka's refusals, 1."""
        quiet()
        try:
            with ended_by_a_closed_pipe():
                return super().invoke(ctx)
        except SettingsError as error:
            failure = click.ClickException(masked(str(error)))
            failure.exit_code = 2
            raise failure from error
        except click.ClickException as error:
            error.message = masked(error.message)
            raise
        except Exception as error:
            if _is_unavailable(error):
                raise click.ClickException(masked(str(error))) from error
            raise


def version_option() -> click.Option:
    """`--version`, of the installed package."""

    def show(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            try:
                version = metadata.version("shipsentry")
            except metadata.PackageNotFoundError:
                version = "(not installed: run from its source)"
            click.echo(f"shipsentry {version}")
            ctx.exit()

    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show the version and exit.",
    )


def _exists(target: str) -> bool:
    return importlib.util.find_spec(target.partition(":")[0]) is not None


def _broken(name: str, error: Exception) -> BrokenCommand:
    """A command that only says why it cannot be used."""
    reason = f"`{name}` cannot be loaded: {' '.join(str(error).split())}"

    def refuse(**_: Any) -> None:
        raise CommandBroken(reason)

    return BrokenCommand(
        name,
        callback=refuse,
        help=reason,
        add_help_option=False,
        params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
    )


def _is_unavailable(error: Exception) -> bool:
    """Whether it is a KafkaUnavailable; only commands that talk to Kafka load its module."""
    admin = sys.modules.get("streams.engine.kafka.topic_admin")
    return admin is not None and isinstance(error, admin.KafkaUnavailable)
