"""The kinds of records: apps above crm register theirs here, so that crm can serve them."""
