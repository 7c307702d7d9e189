"""Vendored data: places, and formats of tracking numbers."""
