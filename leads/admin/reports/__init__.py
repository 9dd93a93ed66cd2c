"""Reports on leads in the admin: one page for each, with its table, chart and CSV."""
