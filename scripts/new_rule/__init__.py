"""`scripts/new-rule`: the files of a new built-in rule, which work and wait to be filled in."""
