"""What is kept of a key: how facts are applied, what is replied, how long it lives."""
