"""The registry of the kinds of records, as the apps fill it."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from crm.models import EntityKind, FileLink
from crm.models.records import record_models
from crm.records.registry import RecordKind, record_kind, record_kinds, register
from crm.services.timeline import SOURCES

every_kind = pytest.mark.parametrize("kind", record_kinds(), ids=lambda kind: kind.name)


def test_every_kind_is_registered_in_the_order_of_locks():
    assert [kind.name for kind in record_kinds()] == ["PEOPLE", "ORGANIZATION", "LEAD"]
    assert {kind.name for kind in record_kinds()} == set(EntityKind)


def test_every_model_of_records_is_registered():
    assert {kind.model for kind in record_kinds()} == set(record_models())


def test_a_kind_is_registered_once():
    with pytest.raises(ImproperlyConfigured, match="LEAD"):
        register(record_kind("LEAD"))


@every_kind
def test_the_type_in_the_api_is_of_the_model(kind: RecordKind):
    assert import_string(kind.graphql_type)._meta.model is kind.model


@every_kind
def test_files_can_be_linked_to_records(kind: RecordKind):
    links = kind.model._meta.get_field("file_links").related_model  # type: ignore[misc]  # of concrete models

    assert issubclass(links, FileLink)
    assert links.record_field().related_model is kind.model


@every_kind
def test_no_two_sources_of_a_timeline_share_a_moment(kind: RecordKind):
    moments = [moment for source in (*SOURCES, *kind.timeline_sources) for moment in source.moments]

    assert len(set(moments)) == len(moments)
