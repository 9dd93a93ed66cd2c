"""Files as rows: in whatever format, a table of titles and texts with line numbers."""
