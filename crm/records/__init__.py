"""What an app tells crm about its kinds of records, so that crm can serve records of apps above it."""
