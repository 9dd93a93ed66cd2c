"""Factories: the least valid rows, stored past the services; a test names what matters to it."""
