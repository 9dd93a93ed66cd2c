"""Signing in with a password: what guards it, what is told of it, and the pages beside the admin's own."""
