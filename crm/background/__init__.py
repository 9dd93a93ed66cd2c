"""The work beside the servers: imports, webhooks and the daily upkeep, shared by any number of processes."""
