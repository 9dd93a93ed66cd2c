"""Pages of the set-up beyond the lists and forms of models."""
