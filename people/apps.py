from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.importing.registry import register
        from people.imports import OrganizationImport, PersonImport
        from people.services import signal_handlers  # noqa: F401 - connects its receiver

        register("PEOPLE", PersonImport)
        register("ORGANIZATION", OrganizationImport)
