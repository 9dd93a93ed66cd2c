"""The columns of other products' files, a table each in ``tables``, by which a file is recognised."""
