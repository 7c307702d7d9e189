"""One agent a topic: take a chunk, turn it into work, hand the work over."""
