"""The pure core: facts in, warnings and facts for the other key out. No Kafka, no I/O, no clock."""
