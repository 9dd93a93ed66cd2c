"""Notifications: what is made of events and moments, for whom, and the mails."""
