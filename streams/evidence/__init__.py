"""A warning's proof as a bundle for an appeal: what was seen, when, and what it is judged by."""
