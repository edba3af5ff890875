"""`basedrift-koji`: the commands."""

from typing import Dict, List

from basedrift_hooks import run
from basedrift_hooks.client import Service
from basedrift_hooks.replaced import retains
from basedrift_hooks.spool import Spool

from .config import koji_config
from .jobs import Jobs


def work(path: str, reconcile: bool) -> int:
    """Does what is due."""
    config = koji_config(path)
    spool = Spool(config.spool)
    jobs = Jobs(config, spool, Service(config.service()), config.koji)
    return run.send(spool, jobs.handlers(), reconcile)


def check(path: str) -> int:
    """Tries what the configuration names."""
    config = koji_config(path)
    return run.check(
        [
            ("spool", lambda: Spool(config.spool).try_it()),
            ("service", lambda: Service(config.service()).greet(any(map(retains, config.rules)))),
            ("hub", lambda: config.koji().greet()),
        ]
    )


COMMANDS: Dict[str, run.Command] = {
    "send": ("do what is due in the spool, once", lambda path: work(path, False)),
    "reconcile": ("list builds and tags for what was missed, and send it", lambda path: work(path, True)),
    "check": ("try whether the spool, the service and the hub work", check),
    "status": ("say what waits in the spool and what was put aside, with the reasons", lambda path: run.status(Spool(koji_config(path).spool))),
}


def main(argv: List[str]) -> int:
    """Runs a command."""
    default = "/etc/koji-hub/plugins/basedrift_hub.conf"
    return run.main("basedrift-koji", "Hooks of Koji.", default, COMMANDS, argv)
