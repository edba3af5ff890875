# What the plugin uses of Koji, which comes without types.
from typing import Dict

from . import context as context
from . import plugin as plugin

BUILD_STATES: Dict[str, int]
