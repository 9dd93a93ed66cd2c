"""The result of a payload at a receiver, in the words of people."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from crm.actors import Actor
from crm.admin.labels import label_of
from crm.languages.messages import translated
from leads.models import Lead
from leads.services.received_leads import Trial
from people.models import ContactType, Person

#: What is shown apart from the fields of the lead.
APART = ("receiver_id", "people", "organization", "custom_fields")


def preview_of(trial: Trial, actor: Actor) -> dict[str, Any]:
    """Return the lead, the person and the organization of a trial as labels with their values."""
    draft = trial.draft
    organization = draft.get("organization") or {}
    return {
        "made": trial.lead,
        "reason": translated(trial.lead.reason) if trial.lead else "",
        "lead": [(label_of(Lead, name), value) for name, value in draft.items() if name not in APART],
        "person": list(_person(draft.get("people") or {}, actor)),
        "organization": [(label_of(Person, name), value) for name, value in organization.items() if value],
        "custom_fields": [(each["name"], _shown(each["value"])) for each in draft.get("custom_fields", ())],
    }


def _shown(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value


def _person(details: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Any]]:
    for name, value in details.items():
        if name == "contacts":
            kinds = dict(ContactType.objects.visible_to(actor).values_list("pk", "name"))
            for contact in value or ():
                yield kinds.get(contact.get("contacts_types_id"), _("Contact")), contact.get("value")
        elif name == "address":
            for address in value or ():
                yield _("Address"), ", ".join(str(part) for part in address.values() if part)
        elif value:
            yield label_of(Person, name), value
