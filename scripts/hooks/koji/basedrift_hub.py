"""A plugin of the Koji hub: builds that complete, and builds that are tagged, go into a spool once the transaction is committed.

`basedrift-koji send` does the rest: no request of the hub waits for the network. The hub goes offline when a plugin cannot be
loaded, so nothing beyond Koji itself is needed to load this one, and no callback can make a request fail.
"""

import logging
import sys
from typing import Any, Dict, List, Optional, Tuple

import koji
from koji.context import context
from koji.plugin import callback, ignore_error

CONFIG_FILE = "/etc/koji-hub/plugins/basedrift_hub.conf"
#: Where the package that the hooks share is installed.
LIBRARY = "/usr/lib/basedrift/hooks"
#: Most notes of one transaction; what goes beyond is found by listing.
NOTES = 1000
LOG = logging.getLogger("koji.plugin.basedrift_hub")


def note(kind: str, data: Dict[str, Any]) -> None:
    """Keeps something to say for the end of the transaction. The hub clears the context with each request."""
    notes: Optional[List[Tuple[str, Dict[str, Any]]]] = getattr(context, "basedrift_notes", None)
    if notes is None:
        notes = []
        context.basedrift_notes = notes
    if len(notes) >= NOTES:
        LOG.error("more than %d notes in one transaction: reconcile finds the rest", NOTES)
        return
    notes.append((kind, data))


@ignore_error
@callback("postBuildStateChange")
def build_state_changed(_cbtype: str, *_args: Any, **kws: Any) -> None:
    """A build that became COMPLETE."""
    if kws.get("attribute") != "state" or kws.get("new") != koji.BUILD_STATES["COMPLETE"]:
        return
    info = kws["info"]
    note("koji_build", {"build": info["id"], "package": info.get("package_name") or info["name"]})


@ignore_error
@callback("postTag")
def build_tagged(_cbtype: str, *_args: Any, **kws: Any) -> None:
    """A build that got a tag."""
    build = kws["build"]
    package = build.get("package_name") or build["name"]
    note("koji_tag", {"build": build["id"], "package": package, "tag": kws["tag"]["name"]})


@ignore_error
@callback("postCommit")
def committed(_cbtype: str, *_args: Any, **_kws: Any) -> None:
    """What was kept is true now: it goes into the spool. After a rollback this is not called.

    A call within a multicall can be rolled back on its own, and leaves its note; so the sender asks the hub before it believes one.
    """
    notes = getattr(context, "basedrift_notes", None)
    if not notes:
        return
    context.basedrift_notes = []
    if LIBRARY not in sys.path:
        sys.path.append(LIBRARY)
    # Only here, so that a hook that is not installed right does not take the hub offline.
    from basedrift_hooks.config import read_config, required  # pylint: disable=import-outside-toplevel
    from basedrift_hooks.packages import read_rules  # pylint: disable=import-outside-toplevel
    from basedrift_hooks.spool import Spool  # pylint: disable=import-outside-toplevel

    config = read_config(CONFIG_FILE)
    rules = read_rules(config, {"tags": "tag", "packages": "package"})
    wanted = [
        (kind, data)
        for kind, data in notes
        if any(rule.matches({key: str(value) for key, value in data.items()}) for rule in rules)
    ]
    if wanted:
        spool = Spool(required(config, "spool", "dir"))
        for kind, data in wanted:
            spool.add(kind, data)
