"""Spreadsheets that shops and aggregators export → canonical messages: a form is data."""
