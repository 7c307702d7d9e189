"""States as they lie on a disk and on Kafka: looked through, written to a file, and back."""
