"""All topics as an AsyncAPI 3.0 document, made of the messages' models and the list of topics."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cached_property
from importlib import metadata
from importlib.resources import files
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas import MODELS
from streams.engine.kafka.origins import ORIGIN_HEADER
from streams.engine.kafka.topic_admin import TopicSpec, topic_specs
from streams.engine.kafka.topics import Topics
from streams.settings import Settings

Json = dict[str, Any]

_BINDING = {"bindingVersion": "0.5.0"}
_WARNING_KEY = {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "The `warning_id`."}
_BYTES = {"type": "string", "format": "binary"}

_KEYS: dict[str, Json] = {
    "orders": {
        "type": ["string", "null"],
        "description": "The order's id. Any other key, or none, will do; a record without a value "
        "has nothing else.",
    },
    "tracking": {
        "type": ["string", "null"],
        "description": "`carrier:tracking_number`. Any other key, or none, will do.",
    },
    "stock": {
        "type": ["string", "null"],
        "description": "`platform:shop_id:product_id`. Any other key, or none, will do.",
    },
    "warnings": _WARNING_KEY,
    "shop_risk": {"type": "string", "description": "`platform|shop|day`; `|` in a name is `%7C`."},
    "product_risk": {
        "type": "string",
        "description": "`platform|shop|product|day`, of a stock without day; `|` in a name is "
        "`%7C`.",
    },
    "actions": _WARNING_KEY,
    "dead_letters": {
        "type": "string",
        "description": "`topic-partition-offset` of the refused record.",
    },
    "uploads": {"type": "string", "description": "`source/name id`: the feed, and its own id."},
    "wanted": {
        "type": "string",
        "description": "`source/name order digest`: the feed, and a hash of the request.",
    },
}
"""What records are keyed by; all others have keys of the application's own."""

_OF_INGEST = ("uploads", "wanted")

_MESSAGES = {
    Topics.__dataclass_fields__[name].default: name for name in _KEYS if name not in _OF_INGEST
}
"""The default name of a topic, which is that of its message → what `Topics` calls it."""

_REKEYED = {"orders_rekey": "orders", "tracking_rekey": "tracking", "stock_rekey": "stock"}

_OPERATIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "worker": (
        ("orders", "tracking", "stock"),
        ("warnings", "dead_letters", "shop_risk", "product_risk"),
    ),
    "ingest": (_OF_INGEST, ("orders", "tracking", "dead_letters", *_OF_INGEST)),
    "desk": (("warnings", "shop_risk", "product_risk", "orders", "tracking"), ("actions",)),
}
"""Each service: what it reads and what it writes, besides the topics that workers share."""


@dataclass(frozen=True)
class _Document:
    settings: Settings

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of each topic → what `Topics` calls it."""
        topics = self.settings.topics()
        plain = [each.name for each in fields(Topics) if each.name not in ("app_id", "stocked")]
        made = [
            name
            for name, each in vars(Topics).items()
            if isinstance(each, property) and isinstance(getattr(topics, name), str)
        ]
        return {getattr(topics, name): name for name in (*plain, *made)}

    def made(self) -> Json:
        specs = topic_specs(self.settings)
        _, definitions = models_json_schema(
            [(model, "validation") for model in MODELS.values()],
            ref_template="#/components/schemas/{model}",
        )
        return {
            "asyncapi": "3.0.0",
            "info": {
                "title": "ShipSentry",
                "version": metadata.version("shipsentry"),
                "description": "Orders and tracking updates in, warnings of parcels that are about "
                "to be judged fake shipments out. Operations are those of ShipSentry's services. "
                "Of topics that others write no header is read, and none is written where others "
                "read. Channels tagged `internal` and `changelog` are the application's own: what "
                "is in them may change with any release.",
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {
                f"broker{n}": {
                    "host": address,
                    "protocol": "kafka-secure"
                    if self.settings.security_protocol.endswith("SSL")
                    else "kafka",
                    "description": "One of the brokers to ask first.",
                }
                for n, address in enumerate(self.settings.bootstrap_servers.split(","), 1)
            },
            "channels": {self.names[spec.name]: self._channel(spec) for spec in specs},
            "operations": self._operations(specs),
            "components": {"messages": self._messages(), "schemas": definitions["$defs"]},
        }

    def _channel(self, spec: TopicSpec) -> Json:
        name = self.names[spec.name]
        topic: Json = {"topic": spec.name, "topicConfiguration": _configuration(spec), **_BINDING}
        if spec.mate or spec.partitions is not None:
            topic["partitions"] = spec.partitions or self.settings.partitions
        if self.settings.replication_factor > 0:
            topic["replicas"] = self.settings.replication_factor
        return {
            "address": spec.name,
            "description": self._about(name),
            "tags": [{"name": spec.role}],
            "messages": {each: _ref("components/messages", each) for each in _carried(name)},
            "bindings": {"kafka": topic},
        }

    def _about(self, name: str) -> str:
        made = getattr(Topics, name, None)
        if isinstance(made, property):
            return str(made.__doc__)
        return str(Settings.model_fields[f"{name}_topic"].description)

    def _operations(self, specs: list[TopicSpec]) -> Json:
        shared = tuple(
            self.names[spec.name] for spec in specs if spec.role in ("internal", "changelog")
        )
        found: Json = {}
        for service, (reads, writes) in _OPERATIONS.items():
            own = shared if service == "worker" else ()
            for action, channels in (("receive", (*reads, *own)), ("send", (*writes, *own))):
                for channel in channels:
                    found[f"{service}_{action}s_{channel}"] = {
                        "action": action,
                        "channel": _ref("channels", channel),
                        **self._group(service, action, channel),
                    }
        return found

    def _group(self, service: str, action: str, channel: str) -> Json:
        """The consumer group; who reads a whole topic for itself, as each changelog, has none."""
        if action == "send" or channel == "uploads" or channel.endswith("_changelog"):
            return {}
        app = self.settings.app_id
        group = {"type": "string", "const": app if service == "worker" else f"{app}-{service}"}
        return {"bindings": {"kafka": {"groupId": group, **_BINDING}}}

    def _messages(self) -> Json:
        found = {
            _MESSAGES[topic]: {
                "title": topic,
                "summary": _summary(model),
                "payload": _ref("components/schemas", model.__name__),
                "examples": _examples(topic),
                **_keyed(_KEYS[_MESSAGES[topic]]),
            }
            for topic, model in MODELS.items()
        }
        found["order_closed"] = {
            "title": "order-paid, without a value",
            "summary": "Closes the order that is its key, at the record's timestamp.",
            "payload": {"type": "null"},
            "examples": [{"name": "closed", "payload": None}],
            **_keyed({"type": "string", "description": "The order's id."}),
        }
        found["uploads"] = {
            "title": "A number that later requests of a feed only refer to",
            "payload": {
                "type": "object",
                "required": ["carrier", "tracking_number"],
                "additionalProperties": {"type": "string"},
            },
            "examples": [
                {
                    "name": "number",
                    "payload": {"carrier": "zto", "tracking_number": "78123456789012"},
                }
            ],
            **_keyed(_KEYS["uploads"]),
        }
        text = {"type": "string"}
        wish = dict.fromkeys(("source", "feed", "order_id", "shop_id"), text)
        found["wanted"] = {
            "title": "An order that a platform is to be asked for, until it is",
            "payload": {
                "type": ["object", "null"],
                "required": [*wish, "at"],
                "properties": {**wish, "at": {"type": ["string", "null"], "format": "date-time"}},
            },
            "examples": [
                {
                    "name": "order",
                    "payload": {
                        "source": "douyin",
                        "feed": "main",
                        "order_id": "4920000000000000001",
                        "shop_id": "s-1",
                        "at": "2026-11-20T10:00:00+00:00",
                    },
                }
            ],
            **_keyed(_KEYS["wanted"]),
        }
        origin = {
            "type": "string",
            "pattern": "^[^ ]+( -?[0-9]+){4}$",
            "description": "Where it was read: topic, partition, offset, Kafka's timestamp (ms), "
            "arrival (µs).",
        }
        for name, source in _REKEYED.items():
            found[name] = {
                "title": f"{found[source]['title']}, on the partition of its key",
                "headers": {"type": "object", "properties": {ORIGIN_HEADER: origin}},
                "contentType": "application/octet-stream",
                "payload": _BYTES,
                **_keyed(_BYTES),
            }
        found["internal"] = {
            "title": "The application's own bytes",
            "contentType": "application/octet-stream",
            "payload": _BYTES,
            **_keyed(_BYTES),
        }
        return found


def document(settings: Settings) -> Json:
    """The document of all topics as these settings name, make and reach them; those of stock are
    among them, whether it is read or not."""
    return _Document(settings.model_copy(update={"stock": True})).made()


def _carried(name: str) -> tuple[str, ...]:
    if name == "orders":
        return ("orders", "order_closed")
    return (name if name in _KEYS or name in _REKEYED else "internal",)


def _configuration(spec: TopicSpec) -> Json:
    """What a topic is made with; whole numbers as such."""
    found: Json = {
        name: int(value) if value.isdecimal() else value for name, value in spec.config.items()
    }
    found["cleanup.policy"] = spec.config["cleanup.policy"].split(",")
    return found


def _keyed(key: Json) -> Json:
    return {"bindings": {"kafka": {"key": key, **_BINDING}}}


def _examples(topic: str) -> list[Json]:
    """The valid ones of `schemas/examples`."""
    folder = files("schemas").joinpath("examples", topic)
    found = sorted((each.name, each) for each in folder.iterdir())
    return [
        {
            "name": name.removeprefix("valid_").removesuffix(".json"),
            "payload": json.loads(each.read_bytes()),
        }
        for name, each in found
        if name.startswith("valid_")
    ]


def _summary(model: type[object]) -> str:
    """The first paragraph of what a model says of itself."""
    return " ".join(str(model.__doc__).partition("\n\n")[0].split())


def _ref(folder: str, name: str) -> Json:
    return {"$ref": f"#/{folder}/{name}"}
