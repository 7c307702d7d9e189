"""Notifications of a desk: from the revisions that it takes in to messages that channels took."""
