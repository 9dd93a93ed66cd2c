"""The languages of the pages and mails: which of them somebody reads, and the product's texts in it.

The API, commands, logs and webhooks speak English alone: nothing activates a language for them.
"""
