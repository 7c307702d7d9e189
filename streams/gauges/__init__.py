"""What operators see of a worker, made from its states: nothing here changes what it does."""
