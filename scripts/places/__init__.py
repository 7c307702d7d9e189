"""Makes the data of `streams/reference/places` anew, from public copies of its sources."""
