"""Files of rows on their way to the services: read, mapped by header, run row by row, reported by line."""
