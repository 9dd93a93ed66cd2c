from tests.admin.conftest import made_tenant, signed_in, tenant

__all__ = ["made_tenant", "signed_in", "tenant"]
