"""Read payloads, apply templates and choose agents, with plain values only: no row is read or written."""
