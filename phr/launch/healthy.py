"""Asks a web process on this machine whether it is well, as the proxy in front of it would.

`python -m phr.launch.healthy` ends with status 0 when `/healthz` answers 200, else 1.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit


def status(port: int, path: str, origin: str) -> int:
    """The HTTP status of `path` on 127.0.0.1 for the portal known as `origin`; 0 without answer."""
    known = urlsplit(origin)
    headers = {"Host": known.netloc, "X-Forwarded-Proto": known.scheme}
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(status(8000, "/healthz", os.environ["PHR_ORIGIN"]) != 200)
