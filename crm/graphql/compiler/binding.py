"""The values that take their places when a compiled read runs."""

from crm.database.actor_cache_key import COMPANY, USER, actor_cache_key, symbolic_actor
from crm.database.statements import Parameter

OFFSET, KEY = Parameter("offset"), Parameter("key")

__all__ = ["COMPANY", "KEY", "OFFSET", "USER", "actor_cache_key", "symbolic_actor"]
