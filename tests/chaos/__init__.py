"""The lead stream while Redis, PostgreSQL or servers fail: how much arrives, how often, and how late.

The suite runs a short form of each drill; ``make chaos`` runs long ones, and prints what each came to.
"""
