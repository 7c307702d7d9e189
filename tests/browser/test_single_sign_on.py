"""Single sign-on in Debian's Chromium: what browsers send along when they come from elsewhere."""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import ConsoleMessage, expect, sync_playwright
from support import openid
from support.desk import NOON
from support.ports import free_port

from streams.desk.access.who import Role
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.desk.service.serve import single_sign_on
from streams.facts.times import SECOND
from streams.profiles.loader import load
from streams.settings import Settings


@pytest.mark.timeout(120)
def test_there_and_back(tmp_path: Path) -> None:
    """The provider is another site (127.0.0.1, not localhost): who comes from it is signed in at
    once, where they wanted to go, though the session's cookie is Strict; and out again."""
    program = shutil.which("chromium")
    assert program is not None, "no chromium: scripts/setup --operators installs it"
    database = Database(sqlite_url(tmp_path / "desk.sqlite"))
    upgrade(database)
    port = free_port()
    address = f"http://localhost:{port}"
    with openid.served(lambda: NOON // SECOND) as provider, sync_playwright() as play:
        given = Settings(
            desk_url=address,
            desk_oidc_issuer=provider.issuer,
            desk_oidc_client_id=openid.CLIENT,
            desk_oidc_client_secret=openid.SECRET,
            desk_oidc_roles=(f"*={Role.viewer.name}",),
        )
        console = Console(load(), single_sign_on=single_sign_on(given))
        app = make_app(Desk(database, lambda: NOON), [partial(install, console=console)])
        config = uvicorn.Config(app, "127.0.0.1", port, log_config=None, ws="none")
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server ended"
            thread.join(0.02)
        # Root has no sandbox; pages here are our own.
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = play.chromium.launch(executable_path=program, args=args)
        try:
            page = browser.new_page(locale="en-US")
            page.set_default_timeout(30_000)
            wrong: list[str] = []

            def complain(said: ConsoleMessage) -> None:
                if said.type == "error" and said.location["url"].startswith(address):
                    wrong.append(said.text)

            page.on("console", complain)
            page.goto(f"{address}/shops")
            page.click("text=Sign in with single sign-on")
            page.click("text=I am li")
            page.wait_for_url(f"{address}/shops")
            expect(page.locator(".me")).to_be_visible()
            assert wrong == []
            page.click(".me summary")
            page.click("text=Sign out")
            page.wait_for_url(f"{address}/sign-in?left=1")
            expect(page.locator("text=Sign out there too")).to_be_visible()
        finally:
            browser.close()
            server.should_exit = True
            thread.join(10)
            database.close()
