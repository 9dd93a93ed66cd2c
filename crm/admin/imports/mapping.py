"""The page of a stored file: what was recognised, and which field each column is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.admin.imports.acting import importing
from crm.admin.imports.answers import ANSWER, answers_to, with_answer, with_names
from crm.admin.imports.forms import ReadingForm, recognised, values_of
from crm.admin.imports.saved import delete_saved, save_chosen, take_saved
from crm.admin.imports.words import field_asked_for, in_words_of_the_page
from crm.admin.labels import label_of
from crm.database.keys import parse_uuid
from crm.errors import CrmError, NotFound
from crm.importing.drafts import Draft, FileGone, make_plan
from crm.importing.files.options import FileRefused
from crm.importing.files.rows import Description
from crm.importing.mappings import saved_mappings
from crm.importing.options import ImportOptions
from crm.importing.previews import Seen, SeenColumn, look
from crm.importing.templates import template_columns
from crm.importing.titles import FULL_NAME
from crm.languages.messages import translated
from crm.models.imports import DuplicatePolicy, ImportJob
from crm.records.registry import import_kind
from crm.records.row_import import CUSTOM_FIELD

#: The field of a column that stays what it was recognised as, such as a part of a phone number.
AS_RECOGNISED = "="
#: What stands between cells, in words.
SIGNS = {",": _("comma"), ";": _("semicolon"), "|": _("bar"), "\t": _("tab")}
#: Of a wider file the first columns can be changed; the others stay as they were recognised.
MOST_CHOSEN = 300
#: With more columns their fields are typed, with suggestions: a page of as many long lists is slow.
MOST_LISTS = 60


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A column as the page shows it: its choices of fields, and the one that is chosen."""

    column: SeenColumn
    chosen: str
    options: Sequence[tuple[str, str]]


def settings_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a file was recognised as; take what was changed, and make the plan."""
    actor = importing(request)
    try:
        draft = Draft.read(token, actor)
    except NotFound as unknown:
        raise Http404 from unknown
    if request.method != "POST":
        options, values = _kept(request, draft, actor)
        form = ReadingForm(initial=values)
        return _shown(request, draft, form, options, actor)
    if "use_mapping" in request.POST:
        taken = take_saved(request, draft, actor)
        if taken is not None:
            return _shown(request, draft, *taken, actor)
    if "delete_mapping" in request.POST:
        delete_saved(request, actor)
    form = ReadingForm(with_answer(request.POST))
    if not form.is_valid():
        return _shown(request, draft, form, recognised(), actor, refused=gettext("Correct the fields below."))
    return _taken(request, draft, form, actor)


def _taken(request: HttpRequest, draft: Draft, form: ReadingForm, actor: Actor) -> HttpResponse:
    try:
        as_recognised = form.options({})
        seen = look(draft, as_recognised, actor=actor)
    except FileGone as gone:
        return _gone(request, translated(gone.message))
    is_same = request.POST.get("mark") == seen.mark
    options = form.options(_chosen(request.POST, seen)) if is_same else as_recognised
    if "save_mapping" in request.POST and is_same:
        return _saved(request, draft, form, options, actor)
    if "plan" not in request.POST or not is_same:
        again = gettext("The columns were read anew: look at them, then make the plan.")
        refused = again if "plan" in request.POST and seen.columns and not seen.refused else ""
        return _shown(request, draft, form, options, actor, refused=refused)
    try:
        job = make_plan(
            draft,
            options,
            actor=actor,
            on_duplicate=DuplicatePolicy(form.cleaned_data["on_match"]),
            split_phones=form.cleaned_data["split_phones"],
        )
    except FileGone as gone:
        return _gone(request, translated(gone.message))
    except FileRefused as refusal:
        return _shown(request, draft, form, options, actor, refused=refusal.message)
    except CrmError as refusal:
        return _shown(request, draft, form, options, actor, refused=refusal.message)
    except ValidationError as refusal:
        return _shown(request, draft, form, options, actor, refused=" ".join(refusal.messages))
    return redirect("admin:import_job", key=job.uuid)


def _saved(
    request: HttpRequest, draft: Draft, form: ReadingForm, options: ImportOptions, actor: Actor
) -> HttpResponse:
    refused = ""
    try:
        save_chosen(request, draft, form, options, actor)
    except FileGone as gone:
        return _gone(request, translated(gone.message))
    except ValidationError as refusal:
        refused = " ".join(refusal.messages)
    return _shown(request, draft, form, options, actor, refused=refused)


def _kept(request: HttpRequest, draft: Draft, actor: Actor) -> tuple[ImportOptions, dict[str, Any] | None]:
    """Return the options of the plan that the address names, to change them."""
    key = parse_uuid(request.GET.get("plan", ""))
    job = ImportJob.objects.visible_to(actor).filter(uuid=key, dry_run=True).first() if key else None
    given: Any = (job and job.payload) or {}
    if job is None or given.get("file") != draft.file:
        return recognised(), None
    options = ImportOptions.from_json(given["options"])
    return options, values_of(
        options, split_phones=bool(given.get("split_phones")), on_duplicate=job.on_duplicate
    )


def _chosen(sent: Mapping[str, str], seen: Seen) -> dict[int, str | None]:
    """Return the fields that were chosen, by column; those that stay as recognised are left out."""
    numbers = [column.number for column in seen.columns[:MOST_CHOSEN]]
    chosen = {number: sent.get(f"column_{number}", AS_RECOGNISED).strip() for number in numbers}
    return {number: name or None for number, name in chosen.items() if name != AS_RECOGNISED}


def _shown(
    request: HttpRequest,
    draft: Draft,
    form: ReadingForm,
    options: ImportOptions,
    actor: Actor,
    *,
    refused: str = "",
) -> HttpResponse:
    try:
        seen = look(draft, options, actor=actor)
    except FileGone as gone:
        return _gone(request, translated(gone.message))
    message = refused or seen.refused
    asked, answers = field_asked_for(message), with_names(answers_to(message), _full_names(seen))
    said = in_words_of_the_page(message)
    if answers and asked == "encoding":
        # Of bytes and their numbers only who wrote the file could make something.
        said = gettext("This file is not in UTF-8. Choose the line in which the words are right.")
    if answers and asked == "name_order":
        said = gettext("The file has full names. Choose the line in which first and last names are right.")
    model = import_kind(draft.model).model
    fields = _fields(draft, actor)
    columns = import_kind(draft.model).row_import.columns
    shown = seen.columns[:MOST_CHOSEN]
    context = {
        **admin.site.each_context(request),
        "title": gettext("Import %(file)s") % {"file": draft.filename}
        if draft.filename
        else gettext("Import a file"),
        "draft": draft,
        "kind": model._meta.verbose_name_plural,
        "form": form,
        "seen": seen,
        "form_of_file": _words_of(seen.form) if seen.form else "",
        "choices": [_choice(column, fields, has_custom=columns.has_custom_fields) for column in shown],
        "fields": fields if len(shown) > MOST_LISTS else None,
        "saved": saved_mappings(draft.model, actor=actor),
        "further": len(seen.columns) - len(shown),
        "refused": said,
        "asked": asked,
        "answers": answers,
        "answer_name": ANSWER,
    }
    return TemplateResponse(request, "admin/crm/imports/settings.html", context)


def _full_names(seen: Seen) -> Sequence[str]:
    """Return the first values of the column that holds full names."""
    return next((column.samples for column in seen.columns if column.field == FULL_NAME), ())


def _fields(draft: Draft, actor: Actor) -> list[tuple[str, str]]:
    """Return the fields that a column may be, with labels."""
    model = import_kind(draft.model).model
    names = template_columns(draft.model, actor)
    if import_kind(draft.model).row_import.columns.names:
        names.append(FULL_NAME)
    return [(name, _label(model, name)) for name in names]


def _label(model: Any, name: str) -> str:
    label = label_of(model, name)
    # The name of the column too, where the label does not say it: messages use it.
    said = _letters(label) == _letters(name.removeprefix(CUSTOM_FIELD))
    return label if said else f"{label} ({name})"


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _words_of(form: Description) -> str:
    delimiter = SIGNS.get(form.delimiter or "", form.delimiter)
    parts = [
        gettext("%(format)s, compressed") % {"format": form.format} if form.is_compressed else form.format,
        form.encoding and gettext("encoding %(encoding)s") % {"encoding": form.encoding},
        delimiter and gettext("%(delimiter)s between cells") % {"delimiter": delimiter},
        form.sheet and gettext("sheet “%(sheet)s”") % {"sheet": form.sheet},
        form.header_row and gettext("titles in line %(header_row)s") % {"header_row": form.header_row},
    ]
    return ", ".join(part for part in parts if part)


def _choice(column: SeenColumn, fields: Sequence[tuple[str, str]], *, has_custom: bool) -> Choice:
    options = [("", gettext("Leave out")), *fields]
    chosen = column.field or ""
    if column.part_of:
        options.insert(1, (AS_RECOGNISED, gettext("Part of %(part_of)s") % {"part_of": column.part_of}))
        chosen = AS_RECOGNISED
    known = {name for name, _ in options}
    own = f"{CUSTOM_FIELD}{' '.join(column.title.split())}"
    further = [(chosen, chosen)] if chosen not in known else []
    if has_custom and column.title.strip() and own not in known and own != chosen:
        further.append((own, gettext("New custom field “%(title)s”") % {"title": column.title.strip()}))
    return Choice(column=column, chosen=chosen, options=[*options, *further])


def _gone(request: HttpRequest, message: str) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": gettext("Import"), "refused": message}
    return TemplateResponse(request, "admin/crm/imports/gone.html", context, status=410)
