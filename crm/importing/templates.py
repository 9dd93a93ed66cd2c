"""The title row of an empty file with every column that an import takes."""

from crm.actors import Actor
from crm.models.custom_fields import CustomFieldDefinition
from crm.models.imports import ImportKind
from crm.records.registry import import_kind
from crm.records.row_import import CUSTOM_FIELD


def template_columns(kind: ImportKind, actor: Actor) -> list[str]:
    """Return the titles of a file of one kind of records, with the company's custom fields.

    Of columns that may occur several times, such as ``email``, the second one stands for all further ones.
    """
    columns = import_kind(kind).row_import.columns
    titles: list[str] = []
    for name in columns.known:
        titles.append(name)
        if name in columns.repeated:
            titles.append(f"{name}_2")
    definitions = CustomFieldDefinition.objects.visible_to(actor).filter(model=kind)
    return [*titles, *(f"{CUSTOM_FIELD}{each.name}" for each in definitions.order_by("weight", "pk"))]
