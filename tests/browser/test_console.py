"""The console in Debian's Chromium: an operator's morning, and whether everybody can use it."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from support.comparisons import change, comparison
from support.desk import an_id, put, warned
from support.desk_week import fill
from support.ports import free_port

from streams.demo.history import ENDS_AT
from streams.desk.access import users
from streams.desk.access.who import Role
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.console.words import Says
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.facts.times import HOUR, MINUTE
from streams.profiles.loader import load

NOW = ENDS_AT - 30 * HOUR
PASSWORD = "correct horse battery"  # noqa: S105 - of a test
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = pytest.mark.timeout(240)


@dataclass
class Served:
    """A desk that is served, and its database."""

    database: Database
    address: str


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's week as a desk's database, and a folder with a comparison beside it."""
    folder = tmp_path_factory.mktemp("desk")
    database = Database(sqlite_url(folder / "desk.sqlite"))
    upgrade(database)
    fill(database, NOW)
    users.add(database, "li.na", PASSWORD, Role.operator, None, NOW)
    database.close()
    (folder / "what-if").mkdir()
    changes = [change("a", "gain"), change("b", "lose"), change("c", "change")]
    (folder / "what-if" / "mine.json").write_text(json.dumps(comparison(*changes)))
    return folder


@pytest.fixture
def desk(week: Path, tmp_path: Path) -> Iterator[Served]:
    """A desk of a test's own with that week, on loopback."""
    folder = shutil.copytree(week, tmp_path / "desk")
    database = Database(sqlite_url(folder / "desk.sqlite"))
    console = Console(load(), comparisons=folder / "what-if")
    app = make_app(Desk(database, lambda: NOW), [partial(install, console=console)])
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            log_config=None,
            ws="none",
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended"
        thread.join(0.02)
    yield Served(database, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(10)
    database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; none, no passing test."""
    program = shutil.which("chromium")
    assert program is not None, "no chromium: scripts/setup --operators installs it"
    with sync_playwright() as play:
        # Root has no sandbox; pages here are our own.
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        found = play.chromium.launch(executable_path=program, args=args)
        yield found
        found.close()


@dataclass
class Look:
    """How somebody looks at the console."""

    language: str
    width: int
    theme: str


LOOKS = (
    Look("en", 1440, "light"),
    Look("zh", 390, "dark"),
    Look("zh", 1440, "light"),
    Look("en", 390, "dark"),
)
by_look = pytest.mark.parametrize("look", LOOKS, ids=lambda each: f"{each.language}-{each.width}")


def opened(browser: Browser, desk: Served, look: Look) -> tuple[Page, list[str]]:
    """A window in which somebody has signed in, and what went wrong in it."""
    context = browser.new_context(
        viewport={"width": look.width, "height": 900},
        color_scheme=look.theme,  # type: ignore[arg-type] # it is one of them
        locale={"en": "en-US", "zh": "zh-CN"}[look.language],
        base_url=desk.address,
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.goto("/warnings?tab=all")
    assert page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[look.language]
    page.fill("#name", "li.na")
    page.fill("#password", PASSWORD)
    page.click("main button.main")
    page.wait_for_url("**/warnings?tab=all")
    return page, wrong


@by_look
def test_an_operators_morning(browser: Browser, desk: Served, look: Look) -> None:
    """Sign in, filter, open, acknowledge twenty, snooze one, export; a new warning is announced
    without a reload, and one's own acts are not. All by the page alone."""
    page, wrong = opened(browser, desk, look)
    says = Says(look.language)
    is_narrow = look.width < 1000
    page.click(".tabs a >> nth=0")
    page.wait_for_url("**/warnings?tab=todo")
    total = page.locator(".total strong")
    everything = int(total.inner_text())
    assert everything > 40

    filters = page.locator("#show-filters")
    if is_narrow:
        expect(page.locator("#q")).to_be_hidden()
        filters.click()
    page.check("label.facet:has-text('yuexiu-shoes') input")
    page.wait_for_url(re.compile(r"shop_id=yuexiu-shoes"))
    expect(total).not_to_have_text(str(everything))
    row = page.locator("tr[data-row]").first
    number = row.locator(".mono a").first.inner_text()
    page.fill("#q", number)
    page.wait_for_url(re.compile(f"q={number}"))
    assert set(page.locator("tr[data-row] .mono > a").all_inner_texts()) == {number}
    if is_narrow:
        expect(filters).to_have_attribute("aria-expanded", "true")

    page.click("a.open >> nth=0")
    page.wait_for_url(re.compile(r"/warnings/[0-9a-f]{32}\?in="))
    expect(page.locator(".clockface")).to_be_visible()
    page.click(".crumb a >> nth=0")
    expect(page.locator("#q")).to_have_value(number)

    page.goto("/warnings")
    boxes = page.locator('tbody input[name="id"]')
    boxes.nth(0).check()
    boxes.nth(19).click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text(says.count("selected", 20))
    page.click("#acts button.main")
    expect(page.locator("#toast")).to_have_text(says.count("did_acknowledge", 20))
    expect(total).to_have_text(str(everything - 20))
    expect(page.locator("#acts")).to_be_hidden()

    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-count]")).to_have_text(says.count("selected", 1))
    page.keyboard.press("s")
    page.select_option("#snooze-hours", "12")
    page.click("#do-snooze button.main")
    expect(page.locator("#toast")).to_have_text(says.count("did_snooze", 1))
    expect(total).to_have_text(str(everything - 21))
    expect(page.locator("#news button")).to_have_count(0)

    with page.expect_download() as coming:
        page.click(".export a >> nth=0")
    table = Path(coming.value.path()).read_text("utf-8-sig")
    assert len(table.splitlines()) >= everything - 21

    put(desk.database, [warned("new", deadline=NOW + 5 * MINUTE)], NOW, partition=9)
    news = page.locator("#news button")
    expect(news).to_have_text(says.count("news", 1), timeout=15_000)
    link = page.locator(f'a[href="/warnings/{an_id("new")}"]')
    assert link.count() == 0
    news.click()
    expect(link).to_be_visible()
    expect(news).to_have_count(0)
    expect(total).to_have_text(str(everything - 20))

    link.click()
    page.wait_for_url(f"**/warnings/{an_id('new')}")
    page.keyboard.press("a")
    expect(page.locator("#toast")).to_have_text(says.count("did_acknowledge", 1))
    page.keyboard.press("j")
    page.wait_for_url(lambda url: "/warnings/" in url and an_id("new") not in url)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.click(".me summary")
    page.click(".menu button")
    page.wait_for_url("**/sign-in")
    assert wrong == []
    page.context.close()


PAGES = ("/warnings?tab=all", "warning", "parcel", "/shops", "shop", "/products", "/carriers",
         "/check-a-number?carrier=zto&number=78123456789012", "/what-if",
         "/what-if/mine.json")  # fmt: skip


@pytest.mark.parametrize("look", LOOKS[:2], ids=lambda each: f"{each.language}-{each.theme}")
def test_everybody_can_use_every_page(browser: Browser, desk: Served, look: Look) -> None:
    """axe finds nothing serious, nothing is wider than the window, and nothing goes wrong."""
    page, wrong = opened(browser, desk, look)
    links = {"warning": "a.open", "parcel": "tr[data-row] .mono > a", "shop": ".shopcard h2 a"}
    for path in PAGES:
        if path in links:
            page.goto("/shops" if path == "shop" else "/warnings?tab=all&state=breached")
            page.goto(str(page.locator(links[path]).first.get_attribute("href")))
        else:
            page.goto(path)
        if path == PAGES[0]:
            page.locator('tbody input[name="id"]').first.check()
        page.evaluate(AXE.read_text())
        found = page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
            ".filter((one) => ['serious', 'critical'].includes(one.impact))"
            ".map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.html)])"
        )
        assert found == [], path
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, path
    assert wrong == []
    page.context.close()
