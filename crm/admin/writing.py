"""The base of admin pages that write through services and show a refusal as a form error."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as confirm_deletion
from django.contrib.admin.utils import model_ngettext
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.acting import actor_of
from crm.admin.base import Fieldsets, VisibleAdmin, acting
from crm.admin.dates import OVERRIDES
from crm.admin.forms import CustomFieldsField, ServiceForm, message_of
from crm.errors import CrmError
from crm.services.files import removed_on_failure

Row = TypeVar("Row", bound=models.Model)
FormSet = BaseInlineFormSet[Any, Any, Any]


class WritesThroughService(VisibleAdmin[Row]):
    """The pages of a model whose rows are stored and deleted by services, never by the ORM.

    Override ``store`` or ``remove`` where a service takes more than the row or its key and the actor.
    """

    save_service: ClassVar[Callable[..., object]]
    delete_service: ClassVar[Callable[..., object]]
    form: type[forms.ModelForm[Row]] = ServiceForm
    formfield_overrides: ClassVar[Mapping[type[models.Field[Any, Any]], Mapping[str, Any]]] = {
        **OVERRIDES,
        models.JSONField: {"form_class": CustomFieldsField},
        models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 4})},
    }
    actions: Sequence[str] = ("delete_selected",)

    def store(self, request: HttpRequest, form: Any, formsets: Sequence[FormSet]) -> None:
        """Store the contents of a valid form and its inlines."""
        self.save_service(form.instance, actor=acting(request))

    def remove(self, request: HttpRequest, obj: Row) -> None:
        """Delete a row."""
        self.delete_service(obj.pk, actor=acting(request))

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Row]]:
        # Forms need the actor for their choices, and the refusal of a first attempt to show it.
        form = super().get_form(request, obj, change=change, **kwargs)
        known = cast(type[ServiceForm[Row]], form)
        known.actor = actor_of(request)
        known.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or store a form; a service's refusal becomes an error of the form."""
        try:
            # Files are no part of the transaction that is rolled back.
            with removed_on_failure():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except (ValidationError, CrmError) as refused:
            # All that was written is rolled back here; the form is made once more, and holds the refusal.
            self.note_refusal(request, object_id, refused)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def note_refusal(
        self, request: HttpRequest, object_id: str | None, refused: ValidationError | CrmError
    ) -> None:
        """Keep a refusal for the form that is made once more."""
        vars(request)["refusal"] = refused

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        # Django saves the row before its inlines; ``save_related`` stores all at once.
        pass

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Sequence[FormSet], change: bool
    ) -> None:
        for formset in formsets:
            _note_changes(formset)
        self.store(request, form, formsets)

    def delete_model(self, request: HttpRequest, obj: Row) -> None:
        self.remove(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Deletion is confirmed on a page of its own, so a refusal goes back to the page of the row.
        try:
            return super().delete_view(request, object_id, extra_context)
        except (ValidationError, CrmError) as refused:
            self.message_user(request, message_of(refused), messages.ERROR)
        address = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return redirect(reverse(address, args=[object_id]))

    @admin.action(permissions=["delete"], description=_("Delete selected %(verbose_name_plural)s"))
    def delete_selected(
        self, request: HttpRequest, queryset: models.QuerySet[Row]
    ) -> HttpResponseBase | None:
        if not request.POST.get("post"):
            return confirm_deletion(self, request, queryset)

        def delete(row: Row) -> None:
            # Before the deletion, as Django does: the entry needs the row's name and key.
            self.log_deletions(request, cast(Any, [row]))
            self.remove(request, row)

        self.for_each(request, queryset, delete, done=gettext("Deleted %(rows)s."))
        return None

    def for_each(
        self, request: HttpRequest, rows: Iterable[Row], act: Callable[[Row], object], *, done: str
    ) -> None:
        """Call a function for each row, and report how many succeeded, which were refused, and why.

        :param done: a sentence with ``%(rows)s`` for their number and name.
        """
        count = 0
        for row in rows:
            try:
                # A savepoint for each row, so that a refusal leaves the others stored.
                with transaction.atomic():
                    act(row)
            except (ValidationError, CrmError) as refused:
                self.message_user(request, f"{row}: {message_of(refused)}", messages.ERROR)
            else:
                count += 1
        if count:
            counted = f"{count} {model_ngettext(self.opts, count)}"
            self.report_done(request, done % {"rows": counted})

    def report_done(self, request: HttpRequest, text: str) -> None:
        """Add the message of what an action did."""
        self.message_user(request, text, messages.SUCCESS)


def _note_changes(formset: FormSet) -> None:
    # Django sets these while it saves a form set, and the history page reads them.
    deleted = formset.deleted_forms
    changed = [form for form in formset.forms if form.has_changed() and form not in deleted]
    formset.new_objects = [form.instance for form in changed if form.instance.pk is None]
    formset.changed_objects = [(form.instance, form.changed_data) for form in changed if form.instance.pk]
    formset.deleted_objects = [form.instance for form in deleted if form.instance.pk]


def kept_forms(formset: FormSet) -> list[Any]:
    """Return the forms of an inline whose rows stay or are new, in their order."""
    return [
        form
        for form in formset.forms
        if form not in formset.deleted_forms and (form.instance.pk or form.has_changed())
    ]


class CreatesThroughService(WritesThroughService[Row]):
    """The pages of a model whose new rows are created by ``make``."""

    #: The form and the fieldsets of a new row, if it has others; named as in Django's ``UserAdmin``.
    add_form: type[forms.ModelForm[Row]] | None = None
    add_fieldsets: ClassVar[Fieldsets | None] = None

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Row]]:
        if obj is None and self.add_form is not None:
            kwargs["form"] = self.add_form
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Fieldsets:
        if obj is None and self.add_fieldsets is not None:
            return self.add_fieldsets
        return super().get_fieldsets(request, obj)

    def make(self, request: HttpRequest, form: Any) -> Row:
        """Create a row from a valid form, through a service."""
        raise NotImplementedError

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return super().save_form(request, form, change) if change else self.make(request, form)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Sequence[FormSet], change: bool
    ) -> None:
        # A new row has been stored by ``make``.
        if change:
            super().save_related(request, form, formsets, change)
