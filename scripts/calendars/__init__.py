"""Writes the calendars in `streams/profiles/calendars` from libraries that know holidays."""
