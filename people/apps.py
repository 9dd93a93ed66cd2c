from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"

    def ready(self) -> None:
        from crm.events import kinds
        from crm.exporting import registry as exports
        from crm.records.registry import RecordKind, register
        from crm.webhooks import contents
        from people.exports import OrganizationExport, PersonExport, row_of_input
        from people.imports import PersonImport
        from people.models import Organization, Person
        from people.organization_imports import OrganizationImport
        from people.services import (
            archives,
            signal_handlers,  # noqa: F401 - connects its receiver
        )
        from people.services.activity_people import set_people
        from people.services.naming import find_organizations, find_people
        from people.services.organizations import update_organization
        from people.services.people import update_person

        # Whatever locks records of several kinds locks people before organizations.
        archives.register()
        register(
            RecordKind(
                model=Person,
                update=update_person,
                row_import=PersonImport,
                find_named=find_people,
                named_by="email",
                row_of_input=row_of_input,
                graphql_type="people.graphql.types.People",
                set_participants=set_people,
            )
        )
        register(
            RecordKind(
                model=Organization,
                update=update_organization,
                row_import=OrganizationImport,
                find_named=find_organizations,
                named_by="name",
                graphql_type="people.graphql.types.Organization",
            )
        )
        kinds.register(
            kinds.LoggedKind(
                entity="people",
                model=Person,
                graphql_type="people.graphql.types.People",
                graphql_list=("peoples", "people.graphql.filters.PeopleFilterSet"),
            )
        )
        kinds.register(
            kinds.LoggedKind(
                entity="organization",
                model=Organization,
                graphql_type="people.graphql.types.Organization",
                graphql_list=("organizations", "people.graphql.filters.OrganizationFilterSet"),
            )
        )
        exports.register(
            exports.Exported(
                source=PersonExport, graphql_list=("peoples", "people.graphql.filters.PeopleFilterSet")
            )
        )
        exports.register(
            exports.Exported(
                source=OrganizationExport,
                graphql_list=("organizations", "people.graphql.filters.OrganizationFilterSet"),
            )
        )
        contents.register("people", "people.graphql.webhooks.PersonContent")
        contents.register("organization", "people.graphql.webhooks.OrganizationContent")
