"""Links by mail for forgotten passwords, asked for in the same time by known and unknown addresses."""

import logging
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import get_language, gettext
from redis.exceptions import RedisError

from crm.emails import canonical_email
from crm.languages.chosen import reading
from crm.models import User

logger = logging.getLogger(__name__)

HOUR = 3_600
#: Requests in an hour: for one address of an account, and of one client.
MOST_OF_ADDRESS = 3
MOST_OF_CLIENT = 20
#: Two mails at a time; what waits longer than that is bounded by the numbers above.
_senders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password-reset")


def request_link(email: str, *, site: str, client: str | None) -> None:
    """Send a link to each account with an e-mail address, in the background.

    :param site: the address of this installation, with which the link begins.
    :param client: the network address of the one who asks.
    """
    address = canonical_email(email)
    if address is None:
        return
    if client is not None and not _may_spend("client", client, MOST_OF_CLIENT):
        return
    if not _may_spend("address", address, MOST_OF_ADDRESS):
        return
    # Not here: looking up the account and sending take a time that would tell whether it exists.
    _senders.submit(_send_all, address, site, get_language())


def _may_spend(kind: str, name: str, most: int) -> bool:
    key = f"password-reset:{kind}:{sha256(name.encode()).hexdigest()}"
    try:
        cache.add(key, 0, timeout=HOUR)
        return cache.incr(key) <= most
    except ValueError:
        # Expired between the two: a new hour has begun.
        return True
    except RedisError:
        logger.warning("No link for a new password was sent: the cache, which counts them, is away.")
        return False


def _send_all(address: str, site: str, language: str | None) -> None:
    close_old_connections()
    try:
        for user in User.objects.filter(email_canonical=address, is_active=True).order_by("pk")[:5]:
            # Who has no password signs in elsewhere, or was never let in.
            if user.has_usable_password():
                _send(user, site, language)
    except Exception as error:
        # Of any kind: nobody else hears of it in this thread. Not its text, which may name the address.
        logger.warning("A link for a new password could not be sent: %s", type(error).__name__)
    finally:
        close_old_connections()


def _send(user: User, site: str, language: str | None) -> None:
    arguments = [urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)]
    link = site + reverse("password_reset_confirm", args=arguments)
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    # Who has chosen no language gets the mail in that of the page on which it was asked for.
    with reading(user.language, language):
        subject = gettext("Your password for the CRM")
        text = render_to_string("account/reset_mail.txt", {"user": user, "link": link, "minutes": minutes})
    # To the stored address: the one that was typed in may only look like it.
    send_mail(subject, text, None, [user.email])
