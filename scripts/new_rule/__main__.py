"""Writes the files of a new rule, each with something that works, and says what is left to do.

    scripts/new-rule delivered_far_too_fast --sees parcel --check

The rule is off in every profile until a table `[rules.NAME]` turns it on; from then on a test
refuses what still says TODO.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from scripts.new_rule.files import CHAPTER, WHEN, Kind, rule, story, words
from streams.rules.registry import SPECS

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 25
"""Characters of a name: a line of the demo has room for so many."""

PAGES = (("-m", "streams.cli", "docs", "docs"), ("-m", "grafana"), ("-m", "scripts.rooms"))
"""What makes anew the pages, dashboards and pictures in which every rule is."""

TODO = """\
{name} works, is off in every profile, and waits for you. What is left:
  1. streams/rules/{name}.py           what it sees: its fields, its episodes
  2. tests/rules/test_{name}.py        its story, both sides of each boundary, each order of arrival
  3. streams/rules/{name}.toml         title, when, evidence, hint, texts: zh and en
  4. streams/profiles/*.toml           [rules.{name}], with its source; ON leaves the test;
                                       what it may cost ([exposure]), whether it makes an order
                                       abnormal ([meter])
  5. docs/rules.md                     its chapter (put it where it belongs) and its row of limits,
                                       which says "off"; then: shipsentry docs docs
  6. tests/oracle/, tests/figures/     where a built-in profile has it: brute force, its figures,
     tests/profiles/test_builtin.py    what the profile says, and [meter] or NOT_ABNORMAL
  7. streams/demo/                     there too: parcels of the demo's week that have it, then
                                       python -m streams.demo.make_history; docs/demo.md
  8. CHANGELOG.md
Most of what was forgotten is red in tests/rules, tests/profiles, tests/figures, tests/demo,
tests/judge, tests/oracle and tests/traps. Nothing checks the words of the chapter, the CHANGELOG,
and the source of a limit.
"""


def main(arguments: list[str]) -> int:
    """Write the files; the exit status is 2 where the name or the choice is wrong."""
    parser = argparse.ArgumentParser("scripts/new-rule", description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="in snake_case, such as delivered_far_too_fast")
    parser.add_argument("--sees", choices=("parcel", "order", "link"), default="parcel")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--check", dest="clock", action="store_false", help="it holds (the default)")
    kind.add_argument("--clock", action="store_true", help="something must happen in time")
    parser.add_argument(
        "--no-pages",
        dest="pages",
        action="store_false",
        help="of several rules, the last one makes docs, dashboards and pictures anew",
    )
    parser.set_defaults(clock=False)
    said = parser.parse_args(arguments)
    problem = _problem(said.name, said.sees, clock=said.clock)
    if problem is not None:
        print(f"scripts/new-rule: {problem}", file=sys.stderr)
        return 2
    write(said.name, Kind(said.sees, said.clock))
    tidied = (
        ("-m", "ruff", "format", "--quiet", *_python(said.name)),
        ("-m", "ruff", "check", "--quiet", "--fix", *_python(said.name)),
    )
    for command in (*tidied, *(PAGES if said.pages else ())):
        subprocess.run(  # noqa: S603 - our own programs
            [sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
    print(TODO.format(name=said.name), end="")
    return 0


def write(name: str, kind: Kind) -> None:
    """The rule, its words, its test; its place in the registry and in the page of rules."""
    rules = ROOT / "streams" / "rules"
    (rules / f"{name}.py").write_text(rule(name, kind), encoding="utf-8")
    (rules / f"{name}.toml").write_text(words(name, kind), encoding="utf-8")
    test = ROOT / "tests" / "rules" / f"test_{name}.py"
    test.write_text(story(name, kind), encoding="utf-8")
    registry = rules / "registry.py"
    text = registry.read_text(encoding="utf-8")
    text = text.replace(
        "from streams.rules import (\n", f"from streams.rules import (\n    {name},\n"
    )
    text = re.sub(rf"(?sm)(MODULES = \(\n.*?^    {_last(kind)},\n)", rf"\1    {name},\n", text)
    registry.write_text(text, encoding="utf-8")
    page = ROOT / "docs" / "rules.md"
    text = page.read_text(encoding="utf-8")
    head, limits, rest = text.partition("\n## Limits by platform\n\n")
    chapter, end, rest = rest.partition("\n## ")
    following = next(iter([*SPECS][[*SPECS].index(_last(kind)) + 1 :]), None)
    parts = []
    for part in chapter.split("\n\n"):
        if part.startswith("| rule |"):
            columns = part.partition("\n")[0].count("|") - 2
            row = f"| `{name}` |" + " off |" * columns
            before, found, after = part.partition(f"\n| `{following}`")
            part = f"{before}\n{row}{found}{after}"
        parts.append(part)
    chapter = "\n\n".join(parts)
    rest = f"{end}{rest}"
    rest = rest.replace(
        "\n## Places and lanes\n",
        f"\n{CHAPTER.format(name=name, when=WHEN[kind.clock])}\n## Places and lanes\n",
        1,
    )
    page.write_text(f"{head}{limits}{chapter}{rest}", encoding="utf-8")


def _last(kind: Kind) -> str:
    """The rule after which a new one is listed: clocks come first, then checks."""
    return [name for name, spec in SPECS.items() if (spec.kind == "clock") >= kind.clock][-1]


def _python(name: str) -> tuple[str, ...]:
    return (
        f"streams/rules/{name}.py",
        "streams/rules/registry.py",
        f"tests/rules/test_{name}.py",
    )


def _problem(name: str, sees: str, *, clock: bool) -> str | None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        return f"{name!r}: a name is in snake_case, of {_LONGEST} characters at most"
    if (ROOT / "streams" / "rules" / f"{name}.py").exists():
        return f"there is a streams/rules/{name}.py already"
    if clock and sees == "link":
        return "a rule about an order of a parcel has checks only"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
