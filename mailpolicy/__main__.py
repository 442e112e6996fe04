"""``python -m mailpolicy``."""

import sys

from mailpolicy.cli import main

sys.exit(main())
