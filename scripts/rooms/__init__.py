"""Draws how the folders of the code import each other: python -m scripts.rooms."""
