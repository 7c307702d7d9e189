"""Who may do what at the desk: users and their sessions, tokens of programs, roles, shops."""
