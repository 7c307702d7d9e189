"""The console: the desk's pages for people. Decision 0125."""
