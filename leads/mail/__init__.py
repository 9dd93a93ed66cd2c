"""E-mails that come in: their addresses, their bounds, their MIME parts and their texts. No database."""
