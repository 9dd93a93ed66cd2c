"""Tags and custom fields of a record of any kind: lead, person or organization."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Actor
from crm.errors import NotFound
from crm.models import Tag
from crm.models.tags import Tagged
from crm.services import locking
from leads.models import Lead
from leads.services.leads import update_lead
from people.models import Organization, Person
from people.services.organizations import update_organization
from people.services.people import update_person

UPDATES: dict[str, tuple[Any, Callable[..., Tagged]]] = {
    "LEAD": (Lead, update_lead),
    "PEOPLE": (Person, update_person),
    "ORGANIZATION": (Organization, update_organization),
}


def _update(entity_type: str, key: object, values: dict[str, Any], actor: Actor) -> None:
    _model, update = UPDATES[entity_type]
    try:
        update(key, values, actor=actor)
    except NotFound as missing:
        # The record is the input's "entity_id" here.
        raise NotFound("entity_id") from missing


@transaction.atomic
def tie_tag(tag_key: object, entity_type: str, entity_key: object, *, present: bool, actor: Actor) -> None:
    """Put a tag on a record or take it off; what is so already stays so.

    :param entity_type: LEAD, PEOPLE or ORGANIZATION.
    :raises NotFound: if tag or record does not exist for the actor.
    """
    model, _update_record = UPDATES[entity_type]
    record: Any = locking.lock(model, actor, entity_key, argument="entity_id")
    tag: Tag = Tag.objects.find(actor, tag_key, argument="tag_id")
    others = [other for other in record.tags.all() if other.pk != tag.pk]
    wanted = [*others, tag] if present else others
    values = {"tags": [{"name": one.name, "slug": one.slug} for one in wanted]}
    _update(entity_type, record.pk, values, actor)


def set_custom_field(name: str, value: Any, entity_type: str, entity_key: object, *, actor: Actor) -> None:
    """Set one custom field of a record; a null value removes it.

    :param entity_type: LEAD, PEOPLE or ORGANIZATION.
    :raises NotFound: if the record does not exist for the actor.
    :raises ValidationError: if the name is empty or too long, or the value does not fit its definition.
    """
    try:
        _update(entity_type, entity_key, {"custom_fields": [{"name": name, "value": value}]}, actor)
    except ValidationError as refused:
        # What is one of many in the record is the input itself here.
        paths = {"custom_fields.0.name": "name", "custom_fields.0.value": "value"}
        messages = refused.message_dict
        raise ValidationError({paths.get(key, key): messages[key] for key in messages}) from refused
