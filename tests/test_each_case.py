import inspect

import pytest

from crm.models import Tag
from tests.each_case import each_case
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]


def test_every_case_is_tried_on_the_same_rows_and_a_failure_names_its_case(tenant):
    seen = []

    @each_case(("name", "is_known"), [("A", False), ("B", False), ("C", True)])
    def tries(company, name, is_known):
        seen.append((name, Tag.objects.count()))
        Tag.objects.create(company=company, name=name, slug=name)
        assert not is_known

    assert list(inspect.signature(tries).parameters) == ["company"]
    with pytest.raises(AssertionError) as failed:
        tries(company=tenant.company)
    assert seen == [("A", 0), ("B", 0), ("C", 0)]
    assert failed.value.__notes__ == ["The case is ('C', True)."]
