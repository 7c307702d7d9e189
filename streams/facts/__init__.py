"""What one message says, as values: facts, their times and their statuses."""
