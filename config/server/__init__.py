"""The HTTP servers' own guard against clients that are slow or never finish (ADR 28)."""
