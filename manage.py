#!/usr/bin/env python
"""Django's command line. In a second shell it works with what a running `make run` started."""

import os
import sys

from django.core.management import execute_from_command_line

from phr.launch import join

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phr.settings")
    join.running_demo(sys.argv)
    execute_from_command_line(sys.argv)
