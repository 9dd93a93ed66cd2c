"""Settings of accounts, sign-in, mail and languages: a part of ``config.settings``."""

from config.environment import DEBUG, ROOT, env, number
from config.sign_in import mail_server, single_sign_on

# Of the admin, signing in and mails; the API and commands speak English. See docs/translating.md.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español")]
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = "crm.languages.formats"

AUTH_USER_MODEL = "crm.User"
AUTHENTICATION_BACKENDS = ["crm.sign_in.backend.GuardedBackend"]
# Failed sign-ins within the window after which no password is looked at; 0: no limit.
SIGN_IN_ACCOUNT_FAILURES = number(env, "SIGN_IN_ACCOUNT_FAILURES", 10)
SIGN_IN_ADDRESS_FAILURES = number(env, "SIGN_IN_ADDRESS_FAILURES", 50)
SIGN_IN_WINDOW_MINUTES = number(env, "SIGN_IN_WINDOW_MINUTES", 15)
AUDIT_RETENTION_DAYS = number(env, "AUDIT_RETENTION_DAYS", 180)
INVITATION_DAYS = number(env, "INVITATION_DAYS", 7)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}", "OPTIONS": options}
    for validator, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_RESET_TIMEOUT = 3_600

EMAIL_URL = env.str("EMAIL_URL", default="")
# Without mail there is no way to a forgotten password, and invitations say so; debug prints mails.
EMAIL_ENABLED = DEBUG or bool(EMAIL_URL)
# Sets EMAIL_BACKEND, EMAIL_HOST and so on.
vars().update(mail_server(EMAIL_URL, debug=DEBUG))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="") or "crm@localhost"

# Accounts are made by administrators and operators; of django-allauth only the second factor and, where it
# is configured, OpenID Connect are served: crm/admin/account/urls.py.
ACCOUNT_ADAPTER = "crm.admin.account.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
MFA_ADAPTER = "crm.admin.account.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "crm.admin.account.forms.ActivateForm",
    "authenticate": "crm.admin.account.forms.CodeForm",
    "reauthenticate": "crm.admin.account.forms.CodeAgainForm",
}
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "CRM"
# Clocks of phones are often some seconds off. Each code is accepted once all the same: see
# crm/services/second_factor.py.
MFA_TOTP_TOLERANCE = 1

OIDC = None
SSO_APPS: list[str] = []
_single_sign_on = single_sign_on(
    issuer=env.str("OIDC_ISSUER", default=""),
    client=env.str("OIDC_CLIENT_ID", default=""),
    secret=env.str("OIDC_CLIENT_SECRET", default=""),
    name=env.str("OIDC_NAME", default=""),
    company=env.str("OIDC_JOIN_COMPANY", default=""),
    role=env.str("OIDC_JOIN_ROLE", default=""),
    debug=DEBUG,
)
if _single_sign_on is not None:
    OIDC, SOCIALACCOUNT_PROVIDERS = _single_sign_on
    SSO_APPS += ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]
    SOCIALACCOUNT_ADAPTER = "crm.admin.account.single_sign_on.SingleSignOnAdapter"
    SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
    # By a link: the policy form-action 'self' would stop a form that is redirected to the provider.
    SOCIALACCOUNT_LOGIN_ON_GET = True
