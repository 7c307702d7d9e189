"""Sign-in by an OpenID provider: its documents and keys, the way there and back, who comes."""
