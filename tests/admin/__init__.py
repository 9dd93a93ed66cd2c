"""The admin as its users see it."""
