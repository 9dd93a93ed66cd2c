"""Sign-in by OpenID Connect, for members with a verified e-mail address. Loaded only if it is configured."""

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from requests import RequestException

from crm.admin.forms import message_of
from crm.errors import CrmError
from crm.services import single_sign_on as accounts

logger = logging.getLogger(__name__)


class OidcAdapter(OpenIDConnectOAuth2Adapter):
    """The protocol, with each signature checked."""

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        # allauth leaves the signature out where TLS protects the token, which a proxy in between may end.
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The provider sent no ID token.")
        login = super().complete_login(request, app, token, **kwargs)
        claims = login.account.extra_data
        # Or the user info of one person would sign in another.
        if claims["userinfo"].get("sub") != claims["id_token"].get("sub"):
            raise OAuth2Error("ID token and user info name different people.")
        return login


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Finds the account by the verified address each time; nothing about the provider is stored."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        claims = sociallogin.account.extra_data
        person = {**claims["id_token"], **claims["userinfo"]}
        try:
            sociallogin.user = accounts.account_of(person)
        except (CrmError, ValidationError) as refused:
            raise ImmediateHttpResponse(_refused(request, message_of(refused))) from refused

    def authenticate_by_email(self, sociallogin: SocialLogin) -> None:
        return None

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: object = None,
        exception: Exception | None = None,
        extra_context: object = None,
    ) -> None:
        # Not the exception's text, which may hold a token.
        logger.warning("Single sign-on failed: %s", type(exception).__name__ if exception else error)
        raise ImmediateHttpResponse(_refused(request, gettext("Single sign-on did not succeed. Try again.")))


def _refused(request: HttpRequest, text: str) -> HttpResponse:
    messages.error(request, text)
    return redirect("admin:login")


@never_cache
@require_safe
def begin(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Send the browser to the provider."""
    try:
        answer: HttpResponseBase = OAuth2LoginView.adapter_view(OidcAdapter(request, provider_id))(request)
    except (RequestException, ValueError, KeyError, OAuth2Error, PermissionDenied) as failed:
        logger.warning("The provider of single sign-on does not answer: %s", type(failed).__name__)
        return _refused(request, gettext("The provider of single sign-on does not answer. Try again later."))
    return answer


@never_cache
@require_safe
def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Sign in whom the provider names."""
    try:
        answer: HttpResponseBase = OAuth2CallbackView.adapter_view(OidcAdapter(request, provider_id))(request)
    except (RequestException, ValueError, KeyError, OAuth2Error) as failed:
        logger.warning("Single sign-on failed: %s", type(failed).__name__)
        return _refused(request, gettext("Single sign-on did not succeed. Try again."))
    return answer
