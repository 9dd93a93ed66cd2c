"""The first page of sign-in."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib.auth.views import LoginView
from django.http import HttpResponse


class SignInView(LoginView):
    """The first page of sign-in: who has a second factor is asked for it before a session begins."""

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        begun = Login(user=user, redirect_url=self.get_success_url())
        credentials = {"username": user.get_username()}
        answer: HttpResponse = perform_password_login(self.request, credentials, begun)
        return answer
