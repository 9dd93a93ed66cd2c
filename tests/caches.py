"""Empties the cache of one process of the tests."""

from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache


def clear_cache() -> None:
    """Empty the cache of this process; ``cache.clear()`` empties the Redis that all processes share."""
    backend = caches["default"]
    if not isinstance(backend, RedisCache):
        backend.clear()
        return
    client = backend._cache.get_client(write=True)
    for key in client.scan_iter(match=backend.make_key("*"), count=1000):
        client.delete(key)
