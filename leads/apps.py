from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm.importing.registry import register
        from crm.webhooks import contents
        from leads import broadcasts  # noqa: F401 - connects its receivers
        from leads.graphql.webhooks import LeadContent
        from leads.imports import LeadImport
        from leads.services import signal_handlers  # noqa: F401 - connects its receivers

        register("LEAD", LeadImport)
        contents.register("lead", LeadContent())
