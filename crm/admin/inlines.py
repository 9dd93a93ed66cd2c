"""Inlines that stay within the actor's rows and leave rules to the services."""

from typing import Any, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db import models
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.admin.base import VisibleToActor, acting
from crm.admin.labels import labels_for

Child = TypeVar("Child", bound=models.Model)
Parent = TypeVar("Parent", bound=models.Model)
ChildForm = forms.ModelForm[Any]


class OwnRowsFormSet(BaseInlineFormSet[Child, Parent, ChildForm]):
    """An inline form set that accepts only the rows that it shows; new rows are of the actor's company."""

    #: Set by the inline for each request.
    company_id: int | None = None

    def add_fields(self, form: ChildForm, index: int | None) -> None:
        # Django would accept the id of any row, of any company.
        super().add_fields(form, index)
        model: Any = self.model
        key: Any = form.fields[model._meta.pk.name]
        key.queryset = self.get_queryset()
        if DELETION_FIELD_NAME in form.fields:
            # In a table the head of its column is no label.
            form.fields[DELETION_FIELD_NAME].widget.attrs["aria-label"] = _("Delete")
        row = form.instance
        # The rules of a row compare its relations with its company, already in the form.
        if row._state.adding and hasattr(row, "company_id"):
            row.company_id = self.company_id


class LeavesRulesToServices(InlineModelAdmin[Child, Parent]):
    """Mixin: leaves the decision whether a row can be deleted to the service."""

    formset: Any = OwnRowsFormSet
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Parent | None = None, **kwargs: Any) -> Any:
        # Django would name rows that prevent a deletion, hidden ones included.
        labelled = {**kwargs, "labels": labels_for(self.model)}
        formset: Any = super().get_formset(request, obj, **labelled)
        formset.form.hand_clean_DELETE = _allow
        formset.company_id = acting(request).company_id
        return formset


def _allow(form: ChildForm) -> None:
    pass


class VisibleInline(
    VisibleToActor[Child], LeavesRulesToServices[Child, Parent], admin.TabularInline[Child, Parent]
):
    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        # The heads of columns are no labels of the fields below, as those who hear a page need them.
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            widget: Any = getattr(field.widget, "widget", field.widget)
            widget.attrs.setdefault("aria-label", field.label)
        return field


class VisibleStackedInline(
    VisibleToActor[Child], LeavesRulesToServices[Child, Parent], admin.StackedInline[Child, Parent]
):
    pass
