"""The demo: a bundled history, a simulated clock, a broker in memory, and the real worker."""
