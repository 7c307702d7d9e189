"""What only the console asks the database for."""
