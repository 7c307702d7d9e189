"""Rule profiles: dated TOML files, and the loader that explains mistakes in them."""
