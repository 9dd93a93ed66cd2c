"""Form fields of tags by their names."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.admin.many import ManyForm
from crm.models.tags import Tag
from crm.services.tag_changes import TagChange
from crm.texts import name_key


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a text that separates them by commas, each once."""
    found: dict[str, str] = {}
    for name in filter(None, map(str.strip, text.split(","))):
        found.setdefault(name_key(name), name)
    return tuple(found.values())


class TagsForm(ManyForm):
    """A change of tags."""

    add_tags = forms.CharField(
        required=False, label=_("Add tags"), help_text=_("Names, separated by commas; new ones are made.")
    )
    remove_tags = forms.CharField(
        required=False, label=_("Remove tags"), help_text=_("Names, separated by commas.")
    )

    def clean_remove_tags(self) -> tuple[Tag, ...]:
        return _tags_named(names_in(self.cleaned_data["remove_tags"]), self.actor)

    def clean_add_tags(self) -> tuple[str, ...]:
        return names_in(self.cleaned_data["add_tags"])

    def tag_change(self) -> TagChange:
        """Return the change that a valid form asks for."""
        cleaned: dict[str, Any] = self.cleaned_data
        return TagChange(cleaned["add_tags"], cleaned["remove_tags"])


def _tags_named(names: tuple[str, ...], actor: Actor) -> tuple[Tag, ...]:
    keys = {name_key(name): name for name in names}
    found = {tag.name_key: tag for tag in Tag.objects.visible_to(actor).filter(name_key__in=keys)}
    unknown = [name for key, name in keys.items() if key not in found]
    if unknown:
        raise ValidationError(gettext("There is no tag %(names)s.") % {"names": ", ".join(unknown)})
    return tuple(found.values())
