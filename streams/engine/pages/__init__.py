"""A worker's pages: who may ask for them, how many at a time, and for how long."""
