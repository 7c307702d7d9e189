"""`shipsentry docs`: writes settings.md, commands.md and metrics.md from the code they are about,
platforms.md from the profiles, and the tables of rules in other pages (`docs_tables`).

Not listed: it serves the project's own documentation, which a test compares with what this writes.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import click
from prometheus_client import Counter, Gauge
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from streams.cli.docs_platforms import platforms_page
from streams.cli.docs_tables import rewritten
from streams.cli.files import OutputDirectory
from streams.cli.lazy import BrokenCommand
from streams.settings import Settings, allowed, is_secret, variable
from streams.telemetry import metrics
from streams.telemetry.histogram import ManyHistogram

EPILOG = """\b
Examples:
  shipsentry docs docs
"""

_GROUPS = {
    "The application": "app_id",
    "The connection to Kafka": "bootstrap_servers",
    "Topics": "orders_topic",
    "Web pages": "http_host",
    "Ingest": "ingest_host",
    "Deadlines": "settle_s",
    "Membership and durability": "session_timeout_s",
    "Volume": "max_value_bytes",
    "The desk": "desk_database",
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
wrong usage or settings · 3 of `replay` and `keys`: done, but there were bad lines; of `dead-letters
retry`: some cannot be sent · 4 only of `check`: nobody could be asked · 141 nobody read the output
to its end (`| head`). Results go to standard output, all else to standard error.

Where a command takes a file, `-` is standard output or standard input; `./-` is a file of that
name. [Files](files.md) says what a file to read may be: its content decides, not its name.

A shell completes commands, options, files, rules and templates, once it has been told how:

```sh
# bash, 4.4 or newer
mkdir -p ~/.local/share/bash-completion/completions
_SHIPSENTRY_COMPLETE=bash_source shipsentry > ~/.local/share/bash-completion/completions/shipsentry
# zsh; in ~/.zshrc: fpath=(~/.zfunc $fpath), before compinit
mkdir -p ~/.zfunc
_SHIPSENTRY_COMPLETE=zsh_source shipsentry > ~/.zfunc/_shipsentry
# fish
_SHIPSENTRY_COMPLETE=fish_source shipsentry > ~/.config/fish/completions/shipsentry.fish
```

It asks the `shipsentry` that is on the `PATH`. Without the package bash-completion, `.` the file in
`~/.bashrc`.
"""

_METRICS_HEAD = """\
# Metrics

Written by `shipsentry docs docs`; a test compares it with the code.

Every worker serves these at `/metrics`, of the partitions that it owns: sum over workers (of times
to a deadline and distances to a line take the least). Gauges are made from the stored states, so
they are right after a restart: once its states are counted, a partition is in them
(`shipsentry_partitions{state="counted"}`). Counters and histograms begin at 0 with each process.

`worker --processes` serves those of all its processes, each series with a label `process` more: sum
over it as over workers. The supervisor's own have `process="supervisor"`.

`shipsentry ingest` serves those whose names begin with `shipsentry_ingest_`, a [desk](desk.md)
those with `shipsentry_desk_`. What a desk asks its database for is absent while that does not
answer.

Ids are never labels, and every label has a bound: `shop` is one of the 20 shops for which most
warnings stand, the same on all workers (of a shop's day: of the 20 nearest to a line), else
`other`; `carrier` is one of 20, else `other`. Platforms, rules and profiles are those loaded. A
worker shows less than 7,000 series, whatever its shops and carriers: a test measures it with 10,000
shops, 100,000 standing warnings and 2,000 carriers. Besides these there are prometheus_client's own
of the process (`process_*`) and of Python (`python_*`).
"""


@click.command(epilog=EPILOG, hidden=True)
@click.argument("directory", type=OutputDirectory())
@click.pass_context
def docs(ctx: click.Context, directory: Path) -> None:
    """Write settings.md, commands.md, metrics.md and platforms.md into DIRECTORY, and tables of
    pages there."""
    root = ctx.find_root().command
    if not isinstance(root, click.Group):
        raise TypeError("`docs` documents the group that it is part of")
    directory.mkdir(parents=True, exist_ok=True)
    pages = {
        "settings.md": settings_page(),
        "commands.md": commands_page(root),
        "metrics.md": metrics_page(),
        "platforms.md": platforms_page(),
    }
    for name, text in pages.items():
        (directory / name).write_text(text, encoding="utf-8")
        click.echo(directory / name)
    try:
        for path in rewritten(directory):
            click.echo(path)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def settings_page() -> str:
    """The page about settings, as Markdown: a section for each group and each setting."""
    starts = {first: heading for heading, first in _GROUPS.items()}
    parts = [_SETTINGS_HEAD]
    for name, field in Settings.model_fields.items():
        if name in starts:
            parts.append(f"## {starts[name]}\n")
        taken = [f"default: {_default(field)}", f"allowed: {allowed(field)}"]
        parts.append(_entry(f"### `{variable(name)}`", str(field.description), taken))
    return "\n".join(parts)


def metrics_page() -> str:
    """The page about metrics, as Markdown: a section for each, in the order of their file."""
    parts = [_METRICS_HEAD]
    for metric in vars(metrics).values():
        more: list[str] = []
        if isinstance(metric, ManyHistogram):
            name, kind, labels, text = metric.name, "histogram", metric.labels, metric.documentation
            more = [f"buckets: {', '.join(f'{bound:g}' for bound in metric.bounds)}"]
        elif isinstance(metric, metrics.Measured):
            kind = "counter" if metric.name.endswith("_total") else "gauge"
            name, labels, text = metric.name, metric.labels, metric.help
        elif isinstance(metric, Counter | Gauge):
            kind = "counter" if isinstance(metric, Counter) else "gauge"
            name = metric._name + ("_total" if kind == "counter" else "")
            labels, text = tuple(metric._labelnames), metric._documentation
        else:
            continue
        shown = ", ".join(f"`{label}`" for label in labels) or "none"
        parts.append(_entry(f"## `{name}`", text, [f"kind: {kind}", f"labels: {shown}", *more]))
    return "\n".join(parts)


def _entry(heading: str, text: str, facts: list[str]) -> str:
    """A section: its heading, a sentence or two, then a list of facts."""
    lines = [heading, "", *_wrapped(text), ""]
    for fact in facts:
        lines += _wrapped(fact, "- ")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, mark: str = "") -> list[str]:
    """Lines of at most 100 characters; the first begins with a mark, the others below its text."""
    return textwrap.wrap(
        text,
        100,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


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
        if isinstance(command, BrokenCommand):
            raise click.ClickException(f"{command.help}: its page would say that")
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
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{shown}`" + (f" {unit}" if unit else "")
