"""The contract: what crosses Kafka, one module per message.

Imports pydantic and the standard library only, so that a producer can use it on its own.
"""

from __future__ import annotations

from pydantic import BaseModel

from schemas.dead_letter import DeadLetter, dead_letter
from schemas.order_paid import OrderPaid
from schemas.parsing import MAX_VALUE_BYTES, load, parse
from schemas.product_risk import ProductRisk
from schemas.reasons import REASONS, Refusal, reasons
from schemas.shipment_warning import ShipmentWarning
from schemas.shop_risk import ShopRisk
from schemas.stock_level import StockLevel
from schemas.tracking_update import TrackingUpdate
from schemas.warning_action import WarningAction

MODELS: dict[str, type[BaseModel]] = {
    "order-paid": OrderPaid,
    "tracking-update": TrackingUpdate,
    "stock-level": StockLevel,
    "shipment-warnings": ShipmentWarning,
    "shipment-dead-letters": DeadLetter,
    "shop-risk": ShopRisk,
    "product-risk": ProductRisk,
    "warning-actions": WarningAction,
}
"""The message of each topic, by the topic's default name."""

__all__ = [
    "MAX_VALUE_BYTES",
    "MODELS",
    "REASONS",
    "DeadLetter",
    "OrderPaid",
    "ProductRisk",
    "Refusal",
    "ShipmentWarning",
    "ShopRisk",
    "StockLevel",
    "TrackingUpdate",
    "WarningAction",
    "dead_letter",
    "load",
    "parse",
    "reasons",
]
