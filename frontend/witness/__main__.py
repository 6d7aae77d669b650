"""``python witness.pyz`` and ``python -m frontend.witness``."""

import sys

from frontend.witness.main import main

sys.exit(main(sys.argv[1:]))
