"""Several workers as processes of one supervisor: one port, one data directory, one end."""
