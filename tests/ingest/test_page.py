"""The commands of the pages about `ingest` try what they say: each one's request is taken."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
from support.ingesting import LETTERS, ORDERS, TRACKING, UPLOADS, feeds_of, outcome, service

from streams.demo.broker import EmbeddedCluster
from streams.inputs.sources.registry import SOURCES

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "ingest.md", DOCS / "ingest.zh-CN.md")
COMMANDS = [
    (path.partition("/")[0], block)
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for path in re.findall(r'"\$URL/in/([^"?]+)', block)
]
TOOLS = ("bash", "curl", "openssl")


def test_every_source_has_a_command() -> None:
    """And only one."""
    assert sorted(source for source, _ in COMMANDS) == sorted(SOURCES)


@pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="its tools are not installed")
def test_each_command_is_taken(tmp_path: Path) -> None:
    """By a feed with the secret that it signs with."""
    text = "".join(
        f'[[feed]]\nsource = "{source}"\nname = "main"\nsecret_env = "SECRET"\napp_key = "a-key"\n'
        for source in SOURCES
    )
    secret = "a-secret-of-this-test"  # noqa: S105  nobody's

    async def tried(block: str, environment: dict[str, str]) -> str:
        running = await asyncio.create_subprocess_exec(
            *("bash", "-euc", block),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await running.communicate()
        return "" if running.returncode == 0 else said.decode()

    async def scenario(cluster: EmbeddedCluster) -> None:
        async with service(cluster, feeds_of(tmp_path, text, SECRET=secret)) as running:
            url = f"http://127.0.0.1:{running.port}"
            environment = {**os.environ, "URL": url, "SECRET": secret, "APP_KEY": "a-key"}
            for source, block in COMMANDS:
                feed = f"{source}/main"
                before = outcome(feed, "taken") + outcome(feed, "dead_letter")
                assert await tried(block, environment) == "", source
                assert outcome(feed, "taken") + outcome(feed, "dead_letter") == before + 1, source

    topics = {ORDERS: 1, TRACKING: 1, LETTERS: 1, UPLOADS: 1}
    with EmbeddedCluster(topics=topics) as cluster:
        asyncio.run(scenario(cluster))
