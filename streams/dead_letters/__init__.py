"""What could not be processed: found, shown to a person, and sent again."""
