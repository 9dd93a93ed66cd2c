"""Texts that are encrypted with the secret key, so that a copy of the database does not hold them."""

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Undecipherable(Exception):
    """The text was encrypted with a secret key that is not known any more."""


def encrypt(text: str) -> str:
    return _cipher(settings.SECRET_KEY).encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return a text in the clear.

    :raises Undecipherable: if neither the secret key nor one of its fallbacks opens it.
    """
    return _decrypt(text, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def is_current(text: str) -> bool:
    """Return whether the present secret key opens a text, and not only a former one."""
    try:
        _decrypt(text, settings.SECRET_KEY)
    except Undecipherable:
        return False
    return True


def _decrypt(text: str, *secret_keys: str) -> str:
    from cryptography.fernet import InvalidToken

    try:
        return _cipher(*secret_keys).decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise Undecipherable from error


@lru_cache(maxsize=8)
def _cipher(*secret_keys: str) -> "MultiFernet":
    # Imported here: most processes never encrypt, and this takes as long as a small app to load.
    from cryptography.fernet import Fernet, MultiFernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    # Fernet takes keys of 32 bytes, and the key of the installation has other uses.
    derived = [HKDF(SHA256(), 32, None, b"crm second factor").derive(key.encode()) for key in secret_keys]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in derived])
