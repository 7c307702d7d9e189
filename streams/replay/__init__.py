"""Replay: the same core on an in-memory store, driven by files instead of Kafka."""
