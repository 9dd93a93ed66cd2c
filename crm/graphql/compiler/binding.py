"""The values that take their places when a compiled read runs."""

from crm.models.actor_classes import COMPANY, USER, actor_class, class_key
from crm.models.prepared import Marker

OFFSET, KEY = Marker("offset"), Marker("key")

__all__ = ["COMPANY", "KEY", "OFFSET", "USER", "actor_class", "class_key"]
