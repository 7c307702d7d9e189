"""Any bytes in a file that an operator gives: one clear error or a profile, and in bounded time.

    .venv/bin/python tests/profiles/test_fuzz_files.py --seed 1 --files 50000

mutates more of them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.profiles.aliases import read_aliases
from streams.profiles.checked import checked
from streams.profiles.document import ProfileError, read_document, with_bases
from streams.profiles.loader import builtin_files, template_files
from streams.profiles.packs import read_texts
from streams.profiles.registry import SPECS
from streams.rules import registry
from streams.settings import SettingsError, load_settings
from streams.texts.toml_file import DEEPEST, MOST_BYTES, MOST_VALUES, read_toml

FILES = 2_000
LONGEST_S = 1.0

TEXTS = Path(registry.__file__).with_name("recalled.toml").read_text("utf-8")
CHANGES = """
id = "own-2026"
extends = "douyin-2026-07-09"
effective_from = 2026-08-01T00:00:00+08:00
default_promise_hours = 36.5
[rules]
recalled = "off"
[[exemptions]]
name = "flood"
from = 2026-08-01T00:00:00+08:00
to = 2026-08-03T00:00:00+08:00
regions = ["44", "4503"]
carriers = ["zto"]
[[exemptions]]
name = "sundays"
weekdays = ["sun"]
zone = "Asia/Shanghai"
rules = ["pickup_overdue"]
[[exemptions]]
name = "holidays"
days = [2026-10-01, 2026-10-02]
zone = "+08:00"
promises = true
"""
ALIASES = """
[aliases.carriers]
"某某速递" = "zto"
own = "own-express"
[aliases.platforms]
"某某商城" = "douyin"
"""
SETTINGS = """
http_port = 0
settle_s = 2.5
profile_dirs = ["."]
bootstrap_servers = "kafka:9092"
"""


def a_profile(path: Path) -> None:
    """Judge a file as a profile, whole or changes to another."""
    document = read_document(path)
    bases = [read_document(each) for each in builtin_files()] if "extends" in document.data else []
    found, unbased = with_bases([*bases, document])
    mine = next((each for each in found if each.path == path), None)
    if mine is None:
        raise ProfileError(unbased)
    checked(mine, SPECS)


def texts(path: Path) -> None:
    """Judge a file as a rule's texts."""
    given = path.rename(path.with_name("own.texts.toml"))
    try:
        raise ProfileError(read_texts([given.parent])[1] or ["none"])
    finally:
        given.unlink()


def aliases(path: Path) -> None:
    """Judge a file as a pack's names."""
    given = path.rename(path.with_name("aliases.toml"))
    try:
        raise ProfileError(read_aliases([given.parent])[1] or ["none"])
    finally:
        given.unlink()


def settings(path: Path) -> None:
    """Judge a file as the settings of a worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPSENTRY_CONFIG", str(path))
        load_settings()


KINDS: tuple[tuple[Callable[[Path], None], tuple[str, ...]], ...] = (
    (
        a_profile,
        tuple(each.read_text("utf-8") for each in (*builtin_files(), *template_files())),
    ),
    (a_profile, (CHANGES,)),
    (texts, (TEXTS,)),
    (aliases, (ALIASES,)),
    (settings, (SETTINGS,)),
)

PIECES = (
    *(
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        '"""',
        "=",
        ".",
        ",",
        "\n",
        "#",
        "\\",
        "\\u0000",
        "\\U0010ffff",
    ),
    *("= nan", "= inf", "= -1", "= 1e308", "= 0x7fffffffffffffffff", "= " + "9" * 5000, "= true"),
    *("= 0001-01-01T00:00:00Z", "= 9999-12-31T23:59:59-23:59", "= 2026-02-30", "= 12:00:00"),
    *('= ""', "= []", "= {}", "= [[]]", '= "off"', '= "TODO"', '= [1, "a", {}]', '= "\\u0000"'),
    *(
        "[" * 60,
        "a." * 40 + "b = 1\n",
        "[a.b.c]\n",
        "[[rules]]\n",
        "[rules.recalled.x]\n",
        "\ufeff",
    ),
    *('= "' + "x" * 2000 + '"', "= [" + "1," * 500 + "]", "\x00", "\r", "= +08:00"),
    *("id = 1\n", "extends = 1\n", 'extends = "own-2026"\n', "template = true\n", "name = 1\n"),
)


def mutated(text: str, rng: random.Random) -> bytes:
    """A file with a few things wrong."""
    raw = text
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        lines = raw.split("\n")
        at = rng.randrange(len(lines))
        place = rng.randrange(len(raw) + 1)
        match rng.randrange(8):
            case 0:
                raw = raw[:place] + rng.choice(PIECES) + raw[place:]
            case 1:
                raw = raw[:place] + raw[place + rng.randrange(1, 40) :]
            case 2:
                lines[at] = lines[at].partition("=")[0] + rng.choice(PIECES)
                raw = "\n".join(lines)
            case 3:
                lines.insert(at, rng.choice(lines))
                raw = "\n".join(lines)
            case 4:
                del lines[at]
                raw = "\n".join(lines)
            case 5:
                raw = raw[:place] + chr(rng.randrange(1, 0xD7FF)) + raw[place + 1 :]
            case 6:
                other = rng.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
                raw = "\n".join(lines)
            case _:
                raw = raw[:place]
    encoded = raw.encode("utf-8", "surrogatepass")
    if rng.random() < 0.05:
        cut = rng.randrange(len(encoded) + 1)
        encoded = encoded[:cut] + rng.randbytes(rng.randrange(1, 9)) + encoded[cut:]
    return encoded


def fuzz(folder: Path, seed: int, files: int) -> tuple[int, float]:
    """How many files were refused, and how long the slowest took (s of this process)."""
    rng = random.Random(seed)
    refused, slowest = 0, 0.0
    for number in range(files):
        judge, models = KINDS[number % len(KINDS)]
        raw = mutated(rng.choice(models), rng)
        path = folder / "own.toml"
        path.write_bytes(raw)
        began = time.process_time()
        problems: list[str] | None = None
        try:
            judge(path)
        except (ProfileError, SettingsError) as error:
            problems = error.problems
        except Exception as error:
            what = f"{judge.__name__}, seed {seed}, file {number}: {raw!r}"
            raise AssertionError(what) from error
        if problems is not None:
            refused += 1
            assert problems, raw
            assert all(map(str.strip, problems)), raw
        slowest = max(slowest, time.process_time() - began)
        path.unlink(missing_ok=True)
    return refused, slowest


def test_any_file_is_read_or_refused(tmp_path: Path) -> None:
    """Nothing but the error of its kind, which names what is wrong; and quickly."""
    refused, slowest = fuzz(tmp_path, 20261129, FILES)
    assert refused > FILES / 2
    assert slowest < LONGEST_S


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"x = " + b"[" * 5000, f"nests deeper than {DEEPEST} levels"),
        (b"x = " + b"[" * 40 + b"]" * 40, f"nests deeper than {DEEPEST} levels"),
        (b"x = " + b"{a=" * 5000, f"nests deeper than {DEEPEST} levels"),
        (b".".join([b"a"] * 20_000) + b" = 1", f"line 1: a key of more than {DEEPEST} parts"),
        (b"\n\n[" + b" . ".join([b'"a b"'] * 99) + b"]", f"line 3: a key of more than {DEEPEST}"),
        (b"x = " + b"9" * 5000, "not TOML"),
        (b"x = [" + b"1," * (MOST_VALUES + 1) + b"]", f"more than {MOST_VALUES} keys"),
        (b"#" * (MOST_BYTES + 1), f"more than {MOST_BYTES} bytes"),
        (b"\xff", "not UTF-8 (byte 0)"),
        (b"x = \x00", "not TOML"),
    ],
)
def test_what_takes_long_or_too_much_stack_is_refused(
    tmp_path: Path, raw: bytes, said: str
) -> None:
    """In one sentence, and before the parser's square of time."""
    path = tmp_path / "own.toml"
    path.write_bytes(raw)
    began = time.process_time()
    with pytest.raises(ProfileError) as refusal:
        a_profile(path)
    assert time.process_time() - began < LONGEST_S
    (problem,) = refusal.value.problems
    assert problem.startswith(f"{path}: {said}")


def test_many_wrong_settings_are_said_in_time(tmp_path: Path) -> None:
    """The file is not read again for each of them."""
    path = tmp_path / "own.toml"
    path.write_text("profile_dirs = [" + "1," * (MOST_VALUES - 1) + "]\n")
    began = time.process_time()
    with pytest.raises(SettingsError, match="profile_dirs"):
        settings(path)
    assert time.process_time() - began < LONGEST_S


def test_a_file_at_the_limits_is_read(tmp_path: Path) -> None:
    """As many keys, as long a key, as deep a nesting as is allowed."""
    path = tmp_path / "own.toml"
    depth = DEEPEST - 1
    path.write_text(f"{'.'.join('a' * DEEPEST)} = 1\nx = {'[' * depth}{']' * depth}\n")
    assert set(read_toml(path)[1]) == {"a", "x"}
    path.write_text("".join(f"k{number} = 1\n" for number in range(MOST_VALUES)))
    assert len(read_toml(path)[1]) == MOST_VALUES


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=50_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        count, longest = fuzz(Path(name), options.seed, options.files)
    print(f"{options.files} files, {count} refused, the slowest took {longest:.2f} s")
    sys.exit(0)
