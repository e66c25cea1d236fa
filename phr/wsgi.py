"""The web server's door. A missing or wrong KEK stops the start."""

import os

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phr.settings")
application = get_wsgi_application()

import_string("accounts.starting.check_key")()
