"""The saved mappings on the page of a file: use one, save one, delete one."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext

from crm.actors import Actor
from crm.admin.imports.forms import ReadingForm, recognised, values_of
from crm.errors import NotFound
from crm.importing.drafts import Draft
from crm.importing.mappings import save_mapping, with_fields, with_saved
from crm.importing.options import ImportOptions
from crm.importing.previews import look
from crm.models.import_mappings import ImportMapping
from crm.models.imports import DuplicatePolicy
from crm.services.import_mappings import delete_mapping


def take_saved(request: HttpRequest, draft: Draft, actor: Actor) -> tuple[ReadingForm, ImportOptions] | None:
    """Return the form and the options of the mapping that was chosen; None if it is gone."""
    try:
        saved = ImportMapping.objects.find(actor, request.POST.get("saved", ""))
    except NotFound:
        saved = None
    if saved is None or saved.model != draft.model:
        messages.error(request, gettext("Choose a saved mapping: this one is gone."))
        return None
    options = with_saved(recognised(), saved)
    policy = request.POST.get("on_match", "")
    values = values_of(
        options,
        split_phones=saved.split_phones,
        on_duplicate=policy if policy in DuplicatePolicy.values else DuplicatePolicy.UPDATE.value,
    )
    return ReadingForm(initial=values), options


def delete_saved(request: HttpRequest, actor: Actor) -> None:
    """Delete the mapping that was chosen, and say so."""
    try:
        deleted = delete_mapping(request.POST.get("saved", ""), actor=actor)
    except NotFound:
        messages.error(request, gettext("Choose a saved mapping: this one is gone."))
    else:
        messages.success(request, gettext("The mapping “%(name)s” is deleted.") % {"name": deleted.name})


def save_chosen(
    request: HttpRequest, draft: Draft, form: ReadingForm, options: ImportOptions, actor: Actor
) -> None:
    """Save what was chosen for a file under the name that was typed, and say so.

    :raises ValidationError: if it has no name, or the company has too many.
    """
    seen = look(draft, options, actor=actor)
    fields: dict[int, str | None] = {
        number - 1: name for number, name in options.columns.columns.items() if name is None
    }
    fields |= {column.number - 1: column.field for column in seen.columns if column.field is not None}
    used = with_fields(options, [column.title for column in seen.columns], fields, source=seen.source)
    saved = save_mapping(
        request.POST.get("mapping_name", ""),
        draft.model,
        used,
        split_phones=form.cleaned_data["split_phones"],
        actor=actor,
    )
    messages.success(request, gettext("The mapping “%(name)s” is saved.") % {"name": saved.name})
