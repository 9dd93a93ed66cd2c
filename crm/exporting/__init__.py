"""Exports: the rows of a model that an actor sees, as a file whose columns the import knows."""
