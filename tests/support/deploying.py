"""What operators run, as data: the compose file, the Dockerfile, the Kubernetes manifests."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import translate
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml
from support.ports import free_port

from streams.cli.group import main
from streams.engine.pages import serving
from streams.engine.pages.access import Access
from streams.settings import CONFIG_VARIABLE, PREFIX, Settings, load_settings, variable

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"

Document = dict[str, Any]

DIGEST = "@sha256:[0-9a-f]{64}"
"""What may follow an image's tag."""

_VARIABLE = re.compile(r"\$(?:\$|\{([A-Z_]+):-([^}]*)\})")


def compose() -> Document:
    """docker-compose.yml with the defaults of its variables."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    document: Document = yaml.safe_load(_VARIABLE.sub(lambda found: found[2] or "$", text))
    return document


def manifests(folder: Path = KUBERNETES) -> dict[str, Document]:
    """Every Kubernetes object below a folder, by `kind/name`; without kustomizations."""
    found = {}
    for path in sorted(folder.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document["kind"] != "Kustomization":
                found[f"{document['kind']}/{document['metadata']['name']}"] = document
    return found


class Instruction(NamedTuple):
    """One instruction of a Dockerfile: `COPY`, and what follows it on one line."""

    name: str
    rest: str


class Stage(NamedTuple):
    """One stage of a Dockerfile: what it starts from, its name, its instructions."""

    base: str
    name: str
    instructions: list[Instruction]

    def all(self, name: str) -> list[str]:
        """What follows each instruction of this name."""
        return [each.rest for each in self.instructions if each.name == name]

    def one(self, name: str) -> str:
        """What follows the only instruction of this name."""
        (rest,) = self.all(name)
        return rest

    def environment(self) -> dict[str, str]:
        """What its ENV instructions set."""
        pairs = [shlex.split(rest) for rest in self.all("ENV")]
        return dict(pair.split("=", 1) for each in pairs for pair in each)


def dockerfile() -> list[Stage]:
    """The stages of the Dockerfile, with global arguments filled in."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in filter(None, text.splitlines()):
        name, _, rest = line.partition(" ")
        if name == "ARG" and not stages:
            key, _, value = rest.partition("=")
            arguments[key] = value
        elif name == "FROM":
            base, _, stage = rest.partition(" AS ")
            stages.append(Stage(arguments.get(base.strip("${}"), base), stage, []))
        else:
            stages[-1].instructions.append(Instruction(name, rest.strip()))
    return stages


def ignored(path: str, patterns: Sequence[str] | None = None) -> bool:
    """Whether .dockerignore keeps a path (relative to the project) out of the image's build.

    The last pattern that fits the path, or a folder that it is in, decides.
    """
    if patterns is None:
        text = (ROOT / ".dockerignore").read_text(encoding="utf-8")
        patterns = [line for line in text.splitlines() if line and not line.startswith("#")]
    parts = Path(path).parts
    prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    out = False
    for pattern in patterns:
        wanted = pattern.startswith("!")
        glob = pattern.removeprefix("!").strip("/")
        forms = [glob] if not glob.startswith("**/") else [glob, glob.removeprefix("**/")]
        # A star of .dockerignore stays within a folder; a double one does not.
        rules = [translate(form).replace(".*", "[^/]*") for form in forms if "**" not in form]
        rules += [translate(form) for form in forms if "**" in form]
        if any(re.match(rule, prefix) for rule in rules for prefix in prefixes):
            out = not wanted
    return out


def settings_of(environment: Mapping[str, object]) -> Settings:
    """What a process with this environment reads; fails for a SHIPSENTRY_ variable that is none."""
    known = {variable(name) for name in Settings.model_fields} | {CONFIG_VARIABLE}
    given = {name: str(value) for name, value in environment.items() if name.startswith(PREFIX)}
    assert given.keys() <= known, f"no settings: {sorted(given.keys() - known)}"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(name, value)
        return load_settings()


def parse(arguments: Sequence[str]) -> str:
    """The full name of the command that these arguments run; click's UsageError if there is none.

    Options and arguments are parsed, nothing is run.
    """
    command: click.Command = main
    # Commands remember the help option of the first context that they are asked in.
    context = click.Context(main, info_name="shipsentry", **main.context_settings)
    rest = list(arguments)
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, rest)
        if found is None:
            raise click.UsageError(f"no command {name}")
        command = found
        parent, context = context, click.Context(command, info_name=name, parent=context)
        if not isinstance(command, click.Group):
            context = command.make_context(name, rest, parent)
    return context.command_path


def seconds(text: str) -> float:
    """A duration as compose files have them: `30s`, `1m30s`."""
    parts = re.findall(r"([0-9.]+)(h|m|s)", text)
    assert "".join(number + unit for number, unit in parts) == text
    return sum(float(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in parts)


def stopping(settings: Settings) -> float:
    """How long a worker may take to stop (s): the runner's patience, and its pages' goodbye."""
    return settings.drain_timeout_s * 2 + settings.session_timeout_s + 2


@contextmanager
def pages(problem: str | None = None, access: Access = Access()) -> Iterator[int]:  # noqa: B008  immutable
    """A worker's real web pages on a port of loopback; `problem` is what its probes answer."""
    port = free_port()
    started, ending = threading.Event(), threading.Event()

    async def serve() -> None:
        runner = await serving.serve(
            "127.0.0.1", port, alive=lambda: problem, ready=lambda: problem, access=access
        )
        started.set()
        await asyncio.to_thread(ending.wait)
        if runner is not None:
            await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(20)
        yield port
    finally:
        ending.set()
        thread.join()
