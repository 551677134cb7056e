"""`python -m tests.browser`: make sure that there is a browser to test in."""

from __future__ import annotations

import sys

from tests.browser.machine import main

sys.exit(main())
