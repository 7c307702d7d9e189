"""The desk's database: tables, how they came to be, and what is asked of them."""
