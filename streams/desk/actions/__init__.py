"""What is done about warnings: kept, audited and published."""
