"""A desk as a process: what reads, what publishes and what answers, put together."""
