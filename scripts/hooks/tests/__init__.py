"""Tests of the hooks. What the hooks log is not shown: the tests look at what they do."""

import logging

logging.getLogger("basedrift").propagate = False
logging.getLogger("basedrift").addHandler(logging.NullHandler())
