"""Services: every write goes through one of these functions, whatever door it comes in by.

All of them raise ``Forbidden`` if the role of the actor does not allow the write, ``NotFound`` naming the
argument if a row that is named does not exist for the actor, ``ValidationError`` keyed by field if a rule is
broken, and ``Conflict`` if the expected version is not the stored one. Docstrings name what else is raised.

The ``...Values`` of a service are its input as clients send it; an absent key leaves a field as it is.
"""
