from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Accounts and company"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm import checks  # noqa: F401 - registers its checks, which need the settings
        from crm.background.upkeep import register_parts
        from crm.sign_in import receivers  # noqa: F401 - connects them to Django's signals

        register_parts()
