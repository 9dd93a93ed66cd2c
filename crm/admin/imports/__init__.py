"""Imports in the admin: upload, mapping, plan, result, undo; the engine is ``crm/importing``."""
