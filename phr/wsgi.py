"""The web server's door. A missing or wrong KEK stops the start."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phr.settings")
application = get_wsgi_application()

from accounts import keys  # noqa: E402 - needs the apps that the line above has loaded

keys.check()
