"""What is known of the packages that a release brings along."""
