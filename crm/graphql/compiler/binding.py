"""The values that take their places when a compiled read runs."""

from crm.database.actor_cache_key import COMPANY, USER, actor_class, class_key
from crm.database.statements import Parameter

OFFSET, KEY = Parameter("offset"), Parameter("key")

__all__ = ["COMPANY", "KEY", "OFFSET", "USER", "actor_class", "class_key"]
