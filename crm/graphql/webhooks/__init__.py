"""What webhooks tell of records."""
