"""Kafka: the consumer, the producer, the partitioner, topics and their administration."""
