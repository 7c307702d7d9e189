"""From a state and a time to warnings: what the rules find, and what of it is new."""
