"""One processor a table: a batch of records in, effects out; and what a crash forgot."""
