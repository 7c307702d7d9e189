"""The names of all topics: four that others see, and the application's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names; internal ones carry the application id in front."""

    orders: str = "order-paid"
    tracking: str = "tracking-update"
    warnings: str = "shipment-warnings"
    dead_letters: str = "shipment-dead-letters"
    app_id: str = "shipsentry"

    @property
    def order_facts(self) -> str:
        """From orders to the partitions of their parcels."""
        return f"{self.app_id}-order-facts"

    @property
    def parcel_facts(self) -> str:
        """From parcels to the partitions of their orders."""
        return f"{self.app_id}-parcel-facts"

    @property
    def orders_rekey(self) -> str:
        """Orders whose producer put them on another partition than theirs."""
        return f"{self.app_id}-order-paid-rekey"

    @property
    def tracking_rekey(self) -> str:
        """Tracking updates whose producer put them on another partition than theirs."""
        return f"{self.app_id}-tracking-update-rekey"

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
    def consumed(self) -> tuple[str, ...]:
        """Every topic the worker reads, co-partitioned with the changelogs."""
        return (
            self.orders,
            self.tracking,
            self.orders_rekey,
            self.tracking_rekey,
            self.order_facts,
            self.parcel_facts,
            self.ticks,
        )
