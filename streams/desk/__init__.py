"""The desk: warnings in a database, what was done about them, and an API. A service of its own."""
