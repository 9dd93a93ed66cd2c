"""HTTP under gunicorn's threads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Gunicorn has a few long-lived threads: each keeps its connection. Taking one from a pool, checking it and
# putting it back took 0.4 of the 2.6 ms of CPU of a list.
os.environ.setdefault("DATABASE_MAX_AGE", "600")

django = get_wsgi_application()

# These import models, which Django loads above.
from config.fast_path import with_fast_path  # noqa: E402
from config.gc_tuning import tune_gc  # noqa: E402
from config.lazy_views import load_views  # noqa: E402
from config.schema import schema  # noqa: E402
from config.wsgi_bodies import with_body_limit  # noqa: E402
from config.wsgi_middleware import with_deadline  # noqa: E402

load_views()
application = with_body_limit(with_deadline(with_fast_path(django, schema.graphql_schema)))
tune_gc()
