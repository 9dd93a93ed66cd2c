"""The limit of files and sockets that a process may have open."""

import resource

#: A connection takes one, and up to two more for a body and an answer that wait.
FILES = 16_384


def raise_file_limit() -> None:
    """Raise the limit of this process as far as the system lets it: many systems begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
