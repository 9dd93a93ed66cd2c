"""Webhooks: endpoints, the deliveries made from the event log, and the worker that sends them."""
