"""Test rows of each model, tied to each other."""
