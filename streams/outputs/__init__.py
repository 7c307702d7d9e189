"""From findings to messages: warnings, dead letters, the answer of the check."""
