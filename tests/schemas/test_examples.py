"""Every example message is what its name says."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

import schemas
from schemas import export, times
from schemas.parsing import load

EXAMPLES = Path(schemas.__file__).parent / "examples"
ARRIVAL_US = times.to_us(times.parse("2026-12-01T00:00:00Z"))
VALID = sorted(EXAMPLES.glob("*/valid_*.json"))
INVALID = {
    "order-paid/invalid_damaged_id_order_id": ("damaged_id", "order_id"),
    "order-paid/invalid_empty_value_order_id": ("empty_value", "order_id"),
    "order-paid/invalid_empty_value_shop_id": ("empty_value", "shop_id"),
    "order-paid/invalid_implausible_time_paid_at": ("implausible_time", "paid_at"),
    "order-paid/invalid_implausible_time_partial_updated_at": ("implausible_time", "updated_at"),
    "order-paid/invalid_missing_field_order_id": ("missing_field", "order_id"),
    "order-paid/invalid_missing_field_paid_at_null": ("missing_field", "paid_at"),
    "order-paid/invalid_missing_field_partial_platform_null": ("missing_field", "platform"),
    "order-paid/invalid_missing_field_partial_updated_at": ("missing_field", "updated_at"),
    "order-paid/invalid_naive_time_paid_at": ("naive_time", "paid_at"),
    "order-paid/invalid_naive_time_updated_at": ("naive_time", "updated_at"),
    "order-paid/invalid_time_in_future_paid_at": ("time_in_future", "paid_at"),
    "order-paid/invalid_too_large_shop_id": ("too_large", "shop_id"),
    "order-paid/invalid_unknown_value_schema_version": ("unknown_value", "schema_version"),
    "order-paid/invalid_unknown_value_state": ("unknown_value", "state"),
    "order-paid/invalid_wrong_type_amount_decimal": ("wrong_type", "amount_paid"),
    "order-paid/invalid_wrong_type_amount_forty_digits": ("wrong_type", "amount_paid"),
    "order-paid/invalid_wrong_type_items_object": ("wrong_type", "items"),
    "order-paid/invalid_wrong_type_not_a_time": ("wrong_type", "paid_at"),
    "order-paid/invalid_wrong_type_order_id_boolean": ("wrong_type", "order_id"),
    "order-paid/invalid_wrong_type_parcels_expected_text": ("wrong_type", "parcels_expected"),
    "order-paid/invalid_wrong_type_partial_one": ("wrong_type", "partial"),
    "order-paid/invalid_wrong_type_recipient_text": ("wrong_type", "recipient"),
    "product-risk/invalid_missing_field_counts": ("missing_field", "counts"),
    "product-risk/invalid_missing_field_product_id": ("missing_field", "product_id"),
    "product-risk/invalid_missing_field_short_by": ("missing_field", "short_by"),
    "product-risk/invalid_wrong_type_counts_late": ("wrong_type", "counts.late"),
    "shipment-dead-letters/invalid_missing_field_origin": ("missing_field", "origin"),
    "shipment-dead-letters/invalid_unknown_value_reason": ("unknown_value", "reason"),
    "shipment-dead-letters/invalid_wrong_type_value": ("wrong_type", "value"),
    "shipment-warnings/invalid_missing_field_rule": ("missing_field", "rule"),
    "shipment-warnings/invalid_naive_time_opened_at": ("naive_time", "opened_at"),
    "shipment-warnings/invalid_unknown_value_state": ("unknown_value", "state"),
    "shipment-warnings/invalid_wrong_type_money_decimal": ("wrong_type", "exposure.least"),
    "shipment-warnings/invalid_wrong_type_warning_id": ("wrong_type", "warning_id"),
    "shop-risk/invalid_missing_field_counts_due": ("missing_field", "counts.due"),
    "shop-risk/invalid_naive_time_detected_at": ("naive_time", "detected_at"),
    "shop-risk/invalid_unknown_value_comparator": ("unknown_value", "lines.0.threshold.comparator"),
    "stock-level/invalid_damaged_id_shop_id": ("damaged_id", "shop_id"),
    "stock-level/invalid_empty_value_product_id": ("empty_value", "product_id"),
    "stock-level/invalid_empty_value_shop_id": ("empty_value", "shop_id"),
    "stock-level/invalid_implausible_time_at": ("implausible_time", "at"),
    "stock-level/invalid_missing_field_available": ("missing_field", "available"),
    "stock-level/invalid_missing_field_platform_null": ("missing_field", "platform"),
    "stock-level/invalid_naive_time_at": ("naive_time", "at"),
    "stock-level/invalid_time_in_future_at": ("time_in_future", "at"),
    "stock-level/invalid_unknown_value_schema_version": ("unknown_value", "schema_version"),
    "stock-level/invalid_wrong_type_available_decimal": ("wrong_type", "available"),
    "stock-level/invalid_wrong_type_available_text": ("wrong_type", "available"),
    "stock-level/invalid_wrong_type_product_id_true": ("wrong_type", "product_id"),
    "tracking-update/invalid_damaged_id_order_ids": ("damaged_id", "order_ids.1"),
    "tracking-update/invalid_damaged_id_shop_id": ("damaged_id", "shop_id"),
    "tracking-update/invalid_empty_value_carrier": ("empty_value", "carrier"),
    "tracking-update/invalid_empty_value_tracking_number": ("empty_value", "tracking_number"),
    "tracking-update/invalid_implausible_time_occurred_at": ("implausible_time", "occurred_at"),
    "tracking-update/invalid_invalid_utf8_gbk": ("invalid_utf8", None),
    "tracking-update/invalid_invalid_utf8_half_a_character": ("invalid_utf8", None),
    "tracking-update/invalid_missing_field_carrier": ("missing_field", "carrier"),
    "tracking-update/invalid_missing_field_status_null": ("missing_field", "status"),
    "tracking-update/invalid_naive_time_occurred_at": ("naive_time", "occurred_at"),
    "tracking-update/invalid_not_an_object_array": ("not_an_object", None),
    "tracking-update/invalid_not_an_object_null": ("not_an_object", None),
    "tracking-update/invalid_not_json_byte_order_mark": ("not_json", None),
    "tracking-update/invalid_not_json_cut_off": ("not_json", None),
    "tracking-update/invalid_not_json_infinity": ("not_json", None),
    "tracking-update/invalid_not_json_nan": ("not_json", None),
    "tracking-update/invalid_time_in_future_occurred_at": ("time_in_future", "occurred_at"),
    "tracking-update/invalid_unknown_value_carrier_colon": ("unknown_value", "carrier"),
    "tracking-update/invalid_unknown_value_status_upper_case": ("unknown_value", "status"),
    "tracking-update/invalid_wrong_type_description_number": ("wrong_type", "description"),
    "tracking-update/invalid_wrong_type_occurred_at_number": ("wrong_type", "occurred_at"),
    "tracking-update/invalid_wrong_type_order_ids_null_inside": ("wrong_type", "order_ids.1"),
    "tracking-update/invalid_wrong_type_order_ids_text": ("wrong_type", "order_ids"),
    "tracking-update/invalid_wrong_type_tracking_number_decimal": ("wrong_type", "tracking_number"),
    "tracking-update/invalid_wrong_type_voided_text": ("wrong_type", "voided"),
    "warning-actions/invalid_missing_field_action_actor": ("missing_field", "action.actor"),
    "warning-actions/invalid_naive_time_action_at": ("naive_time", "action.at"),
    "warning-actions/invalid_unknown_value_action_kind": ("unknown_value", "action.kind"),
}


def test_every_example_is_listed() -> None:
    """No invalid example goes untested, each topic has both kinds, and names tell the reason."""
    found = {f"{p.parent.name}/{p.stem}" for p in EXAMPLES.glob("*/invalid_*.json")}
    assert found == set(INVALID)
    assert {path.parent.name for path in VALID} == set(schemas.MODELS)
    assert {name.split("/")[0] for name in INVALID} == set(schemas.MODELS)
    for name, (reason, _) in INVALID.items():
        assert name.split("/")[1].startswith(f"invalid_{reason}_")


@pytest.mark.parametrize("path", VALID, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_valid_example_is_accepted(path: Path) -> None:
    """A valid example satisfies the model and the exported JSON Schema."""
    model = schemas.MODELS[path.parent.name]
    raw = path.read_bytes()
    verdict = schemas.parse(model, raw, ARRIVAL_US)
    assert not isinstance(verdict, schemas.Refusal), verdict
    jsonschema.validate(load(raw), model.model_json_schema())


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_example_is_refused(name: str) -> None:
    """An invalid example is refused for the reason and the field its name tells."""
    topic = name.split("/")[0]
    raw = (EXAMPLES / f"{name}.json").read_bytes()
    verdict = schemas.parse(schemas.MODELS[topic], raw, ARRIVAL_US)
    assert isinstance(verdict, schemas.Refusal)
    reason, field = INVALID[name]
    assert (verdict.reason, verdict.field) == (reason, field)
    assert (field or "the value") in verdict.message


def test_the_json_schemas_are_current(tmp_path: Path) -> None:
    """The committed JSON Schemas are what the models give now."""
    committed = Path(schemas.__file__).parent / "json"
    written = export.write(tmp_path)
    assert {p.name for p in committed.glob("*.json")} == {p.name for p in written}
    for path in written:
        assert path.read_text("utf-8") == (committed / path.name).read_text("utf-8"), path.name
        jsonschema.Draft202012Validator.check_schema(load(path.read_bytes()))
