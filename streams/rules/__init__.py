"""Rules: what they see, what they say, and each of them as NAME.py; `registry` lists them."""
