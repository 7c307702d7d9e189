"""The list behind the numbers: which warnings stand, the most urgent first."""
