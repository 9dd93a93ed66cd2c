"""How other products name their columns: a table each in ``tables``, and which of them a file is from."""
