"""The names of metrics and log events, and how many observations are counted at once."""
