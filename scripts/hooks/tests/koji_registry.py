"""The part of Koji that a hub's plugin sees: callbacks, and a context that the hub clears with each request.

BASEDRIFT_KOJI_SOURCE names a checkout of Koji to take the real one from; else this registry has the same interface.
"""

import logging
import os
import sys
import threading
import types
from typing import Any, Callable, Dict, List

# What the registry and the plugin log of failures is not shown.
logging.getLogger("koji.plugin").propagate = False
logging.getLogger("koji.plugin").addHandler(logging.NullHandler())
SOURCE = os.environ.get("BASEDRIFT_KOJI_SOURCE")
Callback = Callable[..., None]


def stand_in() -> None:
    """Puts modules `koji`, `koji.plugin` and `koji.context` in place."""
    package: Any = types.ModuleType("koji")
    plugin: Any = types.ModuleType("koji.plugin")
    context: Any = types.ModuleType("koji.context")

    class ThreadLocal(threading.local):
        """What the hub keeps for a request."""

        def _threadclear(self) -> None:
            self.__dict__.clear()

    def callback(*types_of: str) -> Callable[[Callback], Callback]:
        def mark(function: Any) -> Callback:
            function.callbacks = types_of
            return function  # type: ignore[no-any-return]

        return mark

    def ignore_error(function: Any) -> Callback:
        function.failure_is_an_option = True
        return function  # type: ignore[no-any-return]

    def register_callback(kind: str, function: Callback) -> None:
        plugin.callbacks[kind].append(function)

    def run_callbacks(kind: str, *args: Any, **kws: Any) -> None:
        for function in plugin.callbacks[kind]:
            try:
                function(kind, *args, **kws)
            except Exception:
                if not getattr(function, "failure_is_an_option", False):
                    raise

    package.BUILD_STATES = {"BUILDING": 0, "COMPLETE": 1, "DELETED": 2, "FAILED": 3, "CANCELED": 4}
    plugin.callbacks = {kind: [] for kind in ("postBuildStateChange", "postTag", "postUntag", "preCommit", "postCommit")}
    plugin.callback, plugin.ignore_error = callback, ignore_error
    plugin.register_callback, plugin.run_callbacks = register_callback, run_callbacks
    context.context = ThreadLocal()
    package.plugin, package.context = plugin, context
    sys.modules.update({"koji": package, "koji.plugin": plugin, "koji.context": context})


if SOURCE is None:
    stand_in()
else:
    sys.path.insert(0, SOURCE)

import koji  # noqa: E402  pylint: disable=wrong-import-position
import koji.context  # noqa: E402  pylint: disable=wrong-import-position
import koji.plugin  # noqa: E402  pylint: disable=wrong-import-position

COMPLETE: int = koji.BUILD_STATES["COMPLETE"]


class Hub:
    """A hub that runs requests: each calls things that run callbacks, and is committed or rolled back."""

    def __init__(self, plugin: types.ModuleType) -> None:
        self.registered: Dict[str, List[Callback]] = koji.plugin.callbacks
        for functions in self.registered.values():
            functions.clear()
        for value in vars(plugin).values():
            # As the hub's registry of handlers does it.
            if callable(value) and not isinstance(value, type) and getattr(value, "callbacks", None):
                for kind in value.callbacks:
                    koji.plugin.register_callback(kind, value)

    def request(self, act: Callable[[], None], commit: bool = True) -> None:
        """One request, from its first to its last line in the hub."""
        koji.context.context._threadclear()
        try:
            act()
            if commit:
                koji.plugin.run_callbacks("preCommit")
                koji.plugin.run_callbacks("postCommit")
        finally:
            koji.context.context._threadclear()


def state_change(build: Dict[str, Any], new: int = COMPLETE) -> None:
    """A build changes its state, as the hub tells it."""
    koji.plugin.run_callbacks("postBuildStateChange", attribute="state", old=0, new=new, info=build)


def tagging(build: Dict[str, Any], tag: str) -> None:
    """A build gets a tag, as the hub tells it."""
    user = {"id": 1, "name": "kojiadmin"}
    koji.plugin.run_callbacks("postTag", tag={"id": 7, "name": tag}, build=build, user=user, force=False)
