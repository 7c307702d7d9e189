"""From topics into the database: what was read and how far, in one transaction."""
