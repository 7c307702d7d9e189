"""Shops and products: what orders contribute to a day, and the lines that platforms draw."""
