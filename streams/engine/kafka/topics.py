"""The names of all topics: eight that others see, and the application's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names; internal ones carry the application id in front.

    `stocked`: levels of stock are read. Where they are not, there is none of the topics of stock.
    """

    orders: str = "order-paid"
    tracking: str = "tracking-update"
    warnings: str = "shipment-warnings"
    dead_letters: str = "shipment-dead-letters"
    app_id: str = "shipsentry"
    shop_risk: str = "shop-risk"
    product_risk: str = "product-risk"
    actions: str = "warning-actions"
    stock: str = "stock-level"
    stocked: bool = False

    @property
    def order_facts(self) -> str:
        """From orders to the partitions of their parcels."""
        return f"{self.app_id}-order-facts"

    @property
    def parcel_facts(self) -> str:
        """From parcels to the partitions of their orders."""
        return f"{self.app_id}-parcel-facts"

    @property
    def track_facts(self) -> str:
        """From parcels to the partitions of their tracks: which track each claims as its own."""
        return f"{self.app_id}-track-facts"

    @property
    def clone_facts(self) -> str:
        """From tracks to the partitions of the parcels that claim one and the same."""
        return f"{self.app_id}-clone-facts"

    @property
    def meter_facts(self) -> str:
        """From parcels to the partitions of their orders: the days on which they were warned of."""
        return f"{self.app_id}-meter-facts"

    @property
    def meter_totals(self) -> str:
        """From orders to the partition of their shop's meters: what each adds to them."""
        return f"{self.app_id}-meter-totals"

    @property
    def orders_rekey(self) -> str:
        """Orders whose producer put them on another partition than theirs."""
        return f"{self.app_id}-order-paid-rekey"

    @property
    def tracking_rekey(self) -> str:
        """Tracking updates whose producer put them on another partition than theirs."""
        return f"{self.app_id}-tracking-update-rekey"

    @property
    def stock_rekey(self) -> str:
        """Levels of stock whose producer put them on another partition than their product's."""
        return f"{self.app_id}-stock-level-rekey"

    @property
    def stock_facts(self) -> str:
        """From shops' days to the partitions of products: what orders still have to be sent."""
        return f"{self.app_id}-stock-facts"

    @property
    def uploads(self) -> str:
        """What `ingest` remembers: the numbers that later requests only refer to."""
        return f"{self.app_id}-uploads"

    @property
    def wanted(self) -> str:
        """Orders that `ingest` is to ask their platforms for."""
        return f"{self.app_id}-wanted-orders"

    @property
    def ticks(self) -> str:
        """The clock of each partition."""
        return f"{self.app_id}-ticks"

    @property
    def orders_changelog(self) -> str:
        """The changelog of the orders table."""
        return f"{self.app_id}-orders-changelog"

    @property
    def parcels_changelog(self) -> str:
        """The changelog of the parcels table."""
        return f"{self.app_id}-parcels-changelog"

    @property
    def tracks_changelog(self) -> str:
        """The changelog of the tracks table."""
        return f"{self.app_id}-tracks-changelog"

    @property
    def meters_changelog(self) -> str:
        """The changelog of the meters table."""
        return f"{self.app_id}-meters-changelog"

    @property
    def stock_changelog(self) -> str:
        """The changelog of the stock table."""
        return f"{self.app_id}-stock-changelog"

    @property
    def changelogs(self) -> tuple[str, ...]:
        """The changelogs of all tables."""
        return (
            self.orders_changelog,
            self.parcels_changelog,
            self.tracks_changelog,
            self.meters_changelog,
            *((self.stock_changelog,) if self.stocked else ()),
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every topic that others write for workers to read."""
        return (self.orders, self.tracking, *((self.stock,) if self.stocked else ()))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Every topic that is written for others to read."""
        return (self.warnings, self.dead_letters, self.shop_risk, self.product_risk)

    @property
    def consumed(self) -> tuple[str, ...]:
        """Every topic the worker reads, co-partitioned with the changelogs."""
        return (
            self.orders,
            self.tracking,
            self.orders_rekey,
            self.tracking_rekey,
            self.order_facts,
            self.parcel_facts,
            self.track_facts,
            self.clone_facts,
            self.meter_facts,
            self.meter_totals,
            *((self.stock, self.stock_rekey, self.stock_facts) if self.stocked else ()),
            self.ticks,
        )
