"""Addresses of the account pages, below that of the admin. django-allauth names most of them.

The pages are loaded when they are first called: commands need none of django-allauth's views.
"""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, path

from config.lazy_views import lazy_view

PAGES = "crm.admin.account.pages"
NOTIFICATIONS = "crm.admin.account.notifications"
RESET = "crm.admin.account.reset"
SINGLE_SIGN_ON = "crm.admin.account.single_sign_on"


def page(route: str, module: str, view: str, name: str, **arguments: str) -> URLPattern:
    return path(f"account/{route}", lazy_view(f"{module}.{view}"), arguments, name=name)


urlpatterns = [
    # The page is the admin's; allauth knows it by this name.
    path("login/", admin.site.login, name="account_login"),
    page("", PAGES, "account", "mfa_index"),
    page("code/", PAGES, "code", "mfa_authenticate"),
    page("confirm/", PAGES, "password_again", "account_reauthenticate"),
    page("confirm/code/", PAGES, "code_again", "mfa_reauthenticate"),
    page("second-factor/", PAGES, "activate", "mfa_activate_totp"),
    page("second-factor/qr.svg", PAGES, "qr_code", "second_factor_qr"),
    page("second-factor/remove/", PAGES, "deactivate", "mfa_deactivate_totp"),
    page("recovery-codes/", PAGES, "recovery_codes", "mfa_view_recovery_codes"),
    page("recovery-codes/new/", PAGES, "new_recovery_codes", "mfa_generate_recovery_codes"),
    page("sessions/end/", PAGES, "end_session", "end_other_sessions"),
    page("sessions/<str:key>/end/", PAGES, "end_session", "end_session"),
    page("calendar/<str:key>/new/", PAGES, "calendar_address", "new_calendar"),
    page("calendar/<str:key>/end/", PAGES, "calendar_address", "end_calendar", ends="yes"),
    page("notifications/", NOTIFICATIONS, "own_settings", "notification_settings"),
    page("password/", RESET, "request", "password_reset"),
    page("password/sent/", RESET, "requested", "password_reset_done"),
    page("password/<uidb64>/<token>/", RESET, "new_password", "password_reset_confirm"),
    page("password/done/", RESET, "done", "password_reset_complete"),
]
if settings.OIDC:
    urlpatterns += [
        page("oidc/", SINGLE_SIGN_ON, "begin", "openid_connect_login", provider_id="oidc"),
        page("oidc/callback/", SINGLE_SIGN_ON, "callback", "openid_connect_callback", provider_id="oidc"),
    ]
