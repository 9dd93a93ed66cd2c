"""Base classes of the factories."""

from typing import Any

import factory as typed_factory

# To mypy a call of a factory would give the factory, and a declared field its declaration: let it not know.
factory: Any = typed_factory


class RowFactory(factory.django.DjangoModelFactory):
    """Stores a row with the columns that its model's ``clean`` derives; rules of services do not run."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        row = model_class(*args, **kwargs)
        row.clean()
        row.save()
        return row
