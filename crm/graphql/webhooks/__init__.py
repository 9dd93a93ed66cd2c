"""The contents of webhooks about records."""
