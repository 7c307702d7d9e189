"""Requests of carriers, aggregators, marketplaces and shops → records on Kafka."""
