"""Sessions of browsers, as their users see them."""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone


class BrowserSession(models.Model):
    """Where a session was begun and when it was last used; deleted with the session, whoever ends that."""

    # Not the primary key: that of the session is the credential, and must be on no page.
    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="browser")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browser_sessions"
    )
    device = models.CharField(max_length=120, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.device
