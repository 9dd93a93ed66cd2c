"""Rows within the form of the row that they belong to."""

from typing import Any, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db import models
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

from crm.admin.base import VisibleToActor

Child = TypeVar("Child", bound=models.Model)
Parent = TypeVar("Parent", bound=models.Model)
ChildForm = forms.ModelForm[Any]


class OwnRowsFormSet(BaseInlineFormSet[Child, Parent, ChildForm]):
    """An inline that knows no row but those it shows."""

    def add_fields(self, form: ChildForm, index: int | None) -> None:
        """Refuse the id of any other row; Django looks for it among the rows of all companies."""
        super().add_fields(form, index)
        model: Any = self.model
        key: Any = form.fields[model._meta.pk.name]
        key.queryset = self.get_queryset()


class LeavesRulesToServices(InlineModelAdmin[Child, Parent]):
    """Mixin: whether a row can go is for the service to say."""

    formset: Any = OwnRowsFormSet

    def get_formset(self, request: HttpRequest, obj: Parent | None = None, **kwargs: Any) -> Any:
        """Take out Django's search for rows that forbid a deletion: it would name hidden ones."""
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.form.hand_clean_DELETE = _allow
        return formset


def _allow(form: ChildForm) -> None:
    """Find nothing against the deletion that a form asks for."""


class VisibleInline(
    VisibleToActor[Child], LeavesRulesToServices[Child, Parent], admin.TabularInline[Child, Parent]
):
    """Rows of few fields."""

    extra = 0


class VisibleStackedInline(
    VisibleToActor[Child], LeavesRulesToServices[Child, Parent], admin.StackedInline[Child, Parent]
):
    """Rows of many fields."""

    extra = 0
