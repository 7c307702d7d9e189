"""Notifications: who is told what, where and when; nothing here knows a database."""
