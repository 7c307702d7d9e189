"""`shipsentry docs`: writes `settings.md` and `commands.md` from the code that they are about.

Not listed: it serves the project's own documentation, which a test compares with what this writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from streams.settings import Settings, allowed, is_secret, variable

EPILOG = """\b
Examples:
  shipsentry docs docs
"""

_GROUPS = {
    "The application": "app_id",
    "The connection to Kafka": "bootstrap_servers",
    "Topics": "orders_topic",
    "Web pages": "http_host",
    "Deadlines": "tick_interval_s",
    "Membership and durability": "session_timeout_s",
    "Volume": "max_value_bytes",
    "Logging": "log_level",
}
"""Headings, and the first setting below each."""

_SETTINGS_HEAD = """\
# Settings

Written by `shipsentry docs docs`; a test compares it with the code.

Each setting is an environment variable or a key of a TOML file: `SHIPSENTRY_HTTP_PORT=9000`, or in
the file `http_port = 9000`. The file is `shipsentry.toml` in the current directory, or the one that
`SHIPSENTRY_CONFIG` names. The variable wins over the file; an empty one counts as not set. A key
that is no setting is an error, a variable that is nearly one is named in a warning. Relative paths
start at the current directory, `~` is the home directory.

```toml
# shipsentry.toml
bootstrap_servers = "kafka-1:9092,kafka-2:9092"
data_dir = "/var/lib/shipsentry"
partitions = 12
replication_factor = 3
```

Secrets (`*_password`) are better given as variables; they are never shown.
"""

_COMMANDS_HEAD = """\
# Commands

Written by `shipsentry docs docs`; a test compares it with the code. Every command says the same
with `--help`. What Kafka to talk to, and all else, is in the [settings](settings.md).

Exit status: 0 done · 1 failed, with one line that says why; of `check`: something was found · 2
wrong usage or settings · 3 only of `replay`: done, but there were bad lines · 4 only of `check`:
nobody could be asked. Results go to standard output, all else to standard error.
"""


@click.command(epilog=EPILOG, hidden=True)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.pass_context
def docs(ctx: click.Context, directory: Path) -> None:
    """Write settings.md and commands.md into DIRECTORY."""
    root = ctx.find_root().command
    if not isinstance(root, click.Group):
        raise TypeError("`docs` documents the group that it is part of")
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in {"settings.md": settings_page(), "commands.md": commands_page(root)}.items():
        (directory / name).write_text(text, encoding="utf-8")
        click.echo(directory / name)


def settings_page() -> str:
    """The page about settings, as Markdown."""
    starts = {first: heading for heading, first in _GROUPS.items()}
    lines = [_SETTINGS_HEAD]
    for name, field in Settings.model_fields.items():
        if name in starts:
            lines += [
                f"\n## {starts[name]}\n",
                "| variable | default | allowed | what it does |",
                "|---|---|---|---|",
            ]
        lines.append(
            f"| `{variable(name)}` | {_default(field)} | {allowed(field)} | {field.description} |"
        )
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def commands_page(root: click.Group) -> str:
    """The page about commands, as Markdown: what each says of itself."""
    parts = [_COMMANDS_HEAD]
    with _context(root, "shipsentry", None) as ctx:
        for path, text in _helps(root, ctx):
            parts.append(f"## {path}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def _helps(group: click.Group, ctx: click.Context) -> list[tuple[str, str]]:
    """(command line, help) of every listed command below a group."""
    found: list[tuple[str, str]] = []
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is None or command.hidden:
            continue
        with _context(command, name, ctx) as inner:
            if isinstance(command, click.Group):
                found += _helps(command, inner)
            else:
                text = "\n".join(line.rstrip() for line in command.get_help(inner).splitlines())
                found.append((inner.command_path, text))
    return found


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    """A context in which help is as wide wherever it is made."""
    settings: dict[str, Any] = {**command.context_settings, "terminal_width": 88}
    return click.Context(command, info_name=name, parent=parent, **settings)


def _default(field: FieldInfo) -> str:
    value = field.default
    unit = field.json_schema_extra.get("unit") if isinstance(field.json_schema_extra, dict) else ""
    if value is None or value == () or is_secret(field) or isinstance(value, SecretStr):
        return "none"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{shown}`" + (f" {unit}" if unit else "")
