"""The web server's door. A missing or wrong KEK stops the start.

Everything is loaded by the time it has been imported, so that a server may import it once and fork.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phr.settings")
application = get_wsgi_application()

# Every page now, not with the first request of each process.
import_string(f"{settings.ROOT_URLCONF}.urlpatterns")
import_string("accounts.starting.check_key")()
# No two processes may share a connection.
connections.close_all()
