"""The company of these tests, made once a module."""

from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]
