"""Start the CRM's WSGI application under another server.

``python -m benchmarks.server_launchers NAME --port N``; benchmarks.servers does.
"""

import argparse
from collections.abc import Callable

THREADS = 4


def waitress(port: int) -> None:
    import waitress

    from config.wsgi import application

    waitress.serve(
        application,
        host="127.0.0.1",
        port=port,
        threads=THREADS,
        connection_limit=1_000,
        asyncore_use_poll=True,
        ident=None,
    )


def granian(port: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "config.wsgi:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        log_enabled=False,
    ).serve()


def a2wsgi(port: int) -> None:
    """Run uvicorn with a pool of threads for WSGI."""
    import uvicorn
    from a2wsgi import WSGIMiddleware

    from config.wsgi import application

    served = WSGIMiddleware(application, workers=THREADS)
    uvicorn.run(served, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")


def uvicorn(port: int) -> None:
    """Run uvicorn with Django's ASGI handler, as ``manage.py serve`` does."""
    import uvicorn as server

    server.run("config.asgi:application", host="127.0.0.1", port=port, log_config=None, access_log=False)


LAUNCHERS: dict[str, Callable[[int], None]] = {
    each.__name__: each for each in (waitress, granian, a2wsgi, uvicorn)
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=list(LAUNCHERS))
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    LAUNCHERS[arguments.name](arguments.port)
