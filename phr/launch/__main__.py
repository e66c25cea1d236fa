"""`python -m phr.launch`: what `make run` starts."""

import sys

from phr.launch.run import main

sys.exit(main())
