"""The image: what goes into it, who runs in it, how it is started. No engine is needed here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.specifiers import SpecifierSet
from support.deploying import DIGEST, ROOT, dockerfile, ignored, parse, settings_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILD, FINAL = dockerfile()


def sources(rest: str) -> list[str]:
    """What a COPY from the project copies; nothing for one from another stage."""
    return [] if rest.startswith("--from=") else rest.split()[:-1]


def test_both_stages_start_from_one_pinned_python() -> None:
    """A release that the project supports, on a named Debian, small; the digest may be added."""
    assert BUILD.base == FINAL.base
    found = re.fullmatch(rf"python:(\d+\.\d+\.\d+)-slim-bookworm({DIGEST})?", FINAL.base)
    assert found is not None
    assert found[1] in SpecifierSet(PROJECT["requires-python"])
    assert f"{PROJECT['name']}:{PROJECT['version']}" in (ROOT / "Dockerfile").read_text()


def test_dependencies_are_the_locked_ones() -> None:
    """Every download is checked against the lock; the project itself downloads nothing."""
    installs = [run for run in BUILD.all("RUN") if "install" in run and "pip" in run]
    assert len(installs) == 3
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation ." in installs[1]
    assert "--require-hashes --requirement requirements-supply.lock" in installs[2]
    assert BUILD.environment()["PIP_NO_CACHE_DIR"] == "1"


def test_it_lists_its_packages_itself() -> None:
    """The list is made of what the image has, by tools that do not come along."""
    (listing,) = [run for run in BUILD.all("RUN") if "cyclonedx-py" in run]
    assert "cyclonedx-py environment /opt/shipsentry " in listing
    assert "--output-file /opt/shipsentry/share/shipsentry/sbom.cdx.json" in listing
    assert "/opt/supply" not in " ".join(FINAL.all("COPY"))


def test_nothing_is_installed_in_the_final_stage() -> None:
    """No compiler, no pip, no package manager: it takes one folder from the stage before."""
    assert [run for run in FINAL.all("RUN") if re.search(r"apt|pip|gcc|curl|wget", run)] == []
    assert FINAL.all("COPY") == [f"--from={BUILD.name} /opt/shipsentry /opt/shipsentry"]
    assert FINAL.environment()["PATH"].split(":")[0] == "/opt/shipsentry/bin"


def test_it_runs_as_a_fixed_ordinary_user() -> None:
    """A number, not root, from the last USER on; only the data directory is that user's."""
    user = FINAL.one("USER")
    assert user == "10001:10001"
    (make,) = FINAL.all("RUN")
    assert "useradd --uid 10001 --gid 10001" in make
    data_dir = FINAL.environment()["SHIPSENTRY_DATA_DIR"]
    assert f"install --directory --owner 10001 --group 10001 --mode 0750 {data_dir}" in make
    assert FINAL.one("WORKDIR") == data_dir
    after = FINAL.instructions[[each.name for each in FINAL.instructions].index("USER") + 1 :]
    assert {each.name for each in after} <= {
        "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"
    }  # fmt: skip


def test_its_environment_is_made_of_settings() -> None:
    """Reachable from outside of the container, with logs for machines."""
    settings = settings_of(FINAL.environment())
    assert str(settings.data_dir) == "/var/lib/shipsentry"
    assert settings.http_host == "0.0.0.0"  # noqa: S104 - within the container
    assert not settings.access().asks
    assert settings.http_open_pages == ("health", "metrics")  # the rest is closed
    assert settings.log_format == "json"
    assert FINAL.one("EXPOSE") == str(settings.http_port)
    assert FINAL.all("VOLUME") == []


def test_it_starts_a_worker() -> None:
    """Without a shell, so that the command itself is process 1 and hears the signal to stop."""
    entrypoint, command = (json.loads(FINAL.one(name)) for name in ("ENTRYPOINT", "CMD"))
    assert entrypoint == list(PROJECT["scripts"])
    assert parse(command) == "shipsentry worker"
    assert FINAL.one("STOPSIGNAL") == "SIGTERM"


def test_labels_say_what_it_is() -> None:
    """Version and licence are the project's."""
    labels = dict(
        re.findall(r'org\.opencontainers\.image\.([a-z.]+)="([^"]*)"', FINAL.one("LABEL"))
    )
    assert labels["version"] == PROJECT["version"]
    assert labels["licenses"] == PROJECT["license"]
    assert labels["base.name"] == f"docker.io/library/{FINAL.base.partition('@')[0]}"
    assert labels["title"] == "ShipSentry"


@pytest.mark.parametrize(
    "source", [source for rest in BUILD.all("COPY") for source in sources(rest)]
)
def test_what_is_copied_is_there(source: str) -> None:
    """It exists and .dockerignore lets it through, with all that is below it."""
    assert (ROOT / source).exists()
    assert not ignored(source)


def test_every_file_of_the_packages_is_let_through() -> None:
    """Profiles, histories and vendored data too, which are no Python."""
    for package in ("schemas", "streams"):
        paths = [path for path in (ROOT / package).rglob("*") if path.is_file()]
        kept = [path for path in paths if "__pycache__" not in path.parts]
        assert len(kept) > 5
        assert [path for path in kept if ignored(str(path.relative_to(ROOT)))] == []


@pytest.mark.parametrize(
    "path",
    [
        ".git/HEAD",
        ".venv/bin/python",
        "tests/conftest.py",
        "tests/deploy/node_modules/typescript/package.json",
        "benchmarks/README.md",
        "docs/settings.md",
        "grafana/build.py",
        "requirements-dev.lock",
        "shipsentry.toml",
        "shipsentry-data/tables",
        ".env",
        "streams/facts/__pycache__/times.cpython-312.pyc",
        "streams/stray.pyc",
    ],
)
def test_the_rest_stays_outside(path: str) -> None:
    """Neither history nor tests nor what may be secret reaches the engine that builds."""
    assert ignored(path)


@pytest.mark.parametrize(
    ("patterns", "path", "out"),
    [
        (["docs"], "docs/a/b.md", True),
        (["docs"], "my/docs", False),
        (["**/docs"], "my/docs/a", True),
        (["*.md"], "a.md", True),
        (["*.md"], "docs/a.md", False),
        (["*", "!docs"], "docs/a.md", False),
        (["*", "!docs", "docs/*.md"], "docs/a.md", True),
        (["*", "!docs", "**/*.py[co]"], "docs/a.py", False),
    ],
)
def test_ignoring_is_understood_as_docker_does(patterns: list[str], path: str, out: bool) -> None:
    """The function above reads patterns as Docker's documentation explains them."""
    assert ignored(path, patterns) is out


def test_the_command_runs_without_setuptools() -> None:
    """The image has it removed: nothing that is imported by any command may ask for it."""
    modules = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in ("schemas", "streams")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__main__.py"
    )
    code = (
        "import importlib, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "sys.modules.update(setuptools=None, pkg_resources=None)\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "import faust, mode, kafka, aiokafka, confluent_kafka\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
