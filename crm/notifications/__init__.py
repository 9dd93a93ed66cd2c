"""Notifications: made from the event log and by the clock, and mailed."""
