"""The composition root: settings, clock and rules become a worker. It reads as the data flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from streams.agents.amends import add_amends
from streams.agents.feeds import keep_feeds
from streams.agents.inputs import add_agents
from streams.agents.stock import add_stock
from streams.agents.ticks import add_ticks
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.readback import published_since
from streams.engine.kafka.topics import Topics
from streams.engine.worker.app import EngineApp, create_app
from streams.engine.worker.clock import Clock
from streams.gauges.board import Board
from streams.gauges.exposition import Gauges
from streams.judge.feeds import Feeds
from streams.profiles.loader import ProfileError, load
from streams.profiles.model import Profiles
from streams.profiles.registry import SPECS
from streams.settings import Settings
from streams.state.codec import FRESH, TABLES, due_of, stored_form
from streams.tables.orders import OrderProcessor
from streams.tables.parcels import ParcelProcessor
from streams.tables.processor import Processor, Sizes
from streams.tables.recover_risks import recover_risks
from streams.tables.recover_shop_days import recover_sent
from streams.tables.recover_stock import recover_stock
from streams.tables.recover_warnings import judged_with_orders, recover_published
from streams.tables.shop_days import ShopDayProcessor
from streams.tables.stock import StockProcessor
from streams.tables.tracks import TrackProcessor
from streams.telemetry.metrics import begin_at_zero
from streams.web.check import CHECK, CHECK_ORDER, add_precheck
from streams.web.warnings import WARNINGS, add_warnings_page


def build(
    settings: Settings,
    profiles: Profiles | None = None,
    *,
    clock: Callable[[], int] | Clock | None = None,
) -> EngineApp:
    """A worker that is not started yet; `profiles` are by default those that the settings name.

    `clock` gives µs since the epoch and is believed (default: the wall clock, which is not). Raises
    ProfileError where a rule profile cannot be used, SettingsError where a file of the pages'
    settings cannot.
    """
    access = settings.access()
    profiles = profiles or load(Path(directory) for directory in settings.profile_dirs)
    app = assemble(
        settings.engine(),
        settings.topics(),
        profiles,
        shadows=shadows_of(profiles, settings.shadow_profiles),
        settle=round(settings.settle_s * 1_000_000),
        sizes=Sizes(settings.max_value_bytes, settings.message_max_bytes),
        clock=clock,
        warnings_page=settings.warnings_page,
        refuse_plain_keys=settings.plain_keys == "refuse",
        letter_values=settings.dead_letter_values,
    )
    app.admit(access)
    return app


def assemble(
    config: EngineConfig,
    topics: Topics,
    profiles: Profiles,
    *,
    shadows: Mapping[str, Profiles] | None = None,
    settle: int = 0,
    sizes: Sizes = Sizes(),  # noqa: B008  immutable
    clock: Callable[[], int] | Clock | None = None,
    warnings_page: bool = False,
    refuse_plain_keys: bool = False,
    letter_values: bool = True,
) -> EngineApp:
    """Orders, parcels, tracks and shops' days, each with a processor of its own, on one engine;
    and the stock of products, where its topics say that it is read.

    News of a state are published `settle` µs after the last of them.
    """
    app = create_app(
        config,
        due_of=dict.fromkeys(config.tables, due_of),
        clock=clock,
        stored_form=stored_form,
    )
    feeds = Feeds()
    keep_feeds(app, feeds, config.data_dir / "feeds.msgpack")
    given = topics, config.partitions
    orders = OrderProcessor(*given, profiles, app.engine, sizes, feeds, FRESH)
    parcels = ParcelProcessor(*given, profiles, app.engine, sizes, feeds, FRESH)
    tracks = TrackProcessor(*given, app.engine, sizes, FRESH)
    # Of the days of shops and of stock parts are read off the stored form.
    shop_days = ShopDayProcessor(*given, profiles, app.engine, sizes)
    processors: tuple[Processor, ...] = (orders, parcels, tracks, shop_days)
    stock = StockProcessor(*given, profiles, app.engine, sizes)
    if topics.stocked:
        processors += (stock,)
    orders.shadows = parcels.shadows = shadows or {}
    orders.settle = parcels.settle = settle
    orders.names.refuse_plain = parcels.names.refuse_plain = refuse_plain_keys
    for processor in processors:
        processor.letter_values = letter_values

    def recover(known_ms: Mapping[int, int]) -> None:
        partitions, since = frozenset(known_ms), min(known_ms.values(), default=0)
        warnings = recover_published(
            published_since(config, topics.warnings, since),
            config.partitions,
            partitions,
            judged_with_orders(profiles),
        )
        sent = recover_sent(
            published_since(config, topics.meter_totals, since),
            published_since(config, topics.meter_facts, since),
            config.partitions,
            partitions,
        )
        shown = recover_risks(
            published_since(config, topics.shop_risk, since),
            published_since(config, topics.product_risk, since),
            config.partitions,
            partitions,
        )
        for processor in processors:
            processor.recover(warnings, sent, partitions)
        shop_days.recover_risks(shown, partitions)
        if topics.stocked:
            levels = recover_stock(
                published_since(config, topics.product_risk, since), config.partitions, partitions
            )
            stock.recover_stock(levels, partitions)

    rules = rules_of(profiles)
    begin_at_zero(topics.inputs, topics.consumed, rules, TABLES)
    board = Board(profiles, app.engine.now_us)
    app.engine.before_reading = recover
    app.engine.observer = board
    app.measure = Gauges(board, app.engine.status, profiles, app.engine.now_us).measure
    add_agents(app, processors)
    add_ticks(app, topics.ticks, processors, parcels)
    add_amends(app, (orders, parcels))
    if topics.stocked:
        add_stock(app, orders)
    add_precheck(app, profiles)
    if warnings_page:
        add_warnings_page(app, board.shops, _in_order(rules), orders.names, profiles)
    return app


def paths_of(settings: Settings) -> list[str]:
    """The paths of a worker's pages, besides probes and metrics."""
    return [CHECK, CHECK_ORDER, *([WARNINGS] if settings.warnings_page else [])]


def rules_of(profiles: Profiles) -> set[str]:
    """The names of all rules that may judge."""
    return {
        rule.name
        for profile in profiles.all
        for rule in (*profile.order_rules, *profile.parcel_rules, *profile.link_rules)
    }


def _in_order(rules: set[str]) -> list[str]:
    """Every name that a rule can have: the built-in ones, in force or not, then those of packs."""
    return [*SPECS, *sorted(rules.difference(SPECS))]


def shadows_of(profiles: Profiles, ids: Iterable[str]) -> dict[str, Profiles]:
    """Every order by each profile named: id → profiles. Raises ProfileError."""
    try:
        return {profile: profiles.forced(profile) for profile in ids}
    except KeyError as error:
        names = ", ".join(profile.id for profile in profiles.all)
        problem = f"shadow_profiles: no profile {error.args[0]!r}; there are {names}"
        raise ProfileError([problem]) from error
