"""Replay: the same processors over states in memory, driven by files instead of Kafka."""
