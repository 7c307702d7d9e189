"""Where messages come from besides Kafka: files."""
