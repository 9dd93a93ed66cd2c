"""Imports: files and inputs of rows, mapped to fields and stored through the services of their kind."""
