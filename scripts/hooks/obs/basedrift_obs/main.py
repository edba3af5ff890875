"""`basedrift-obs`: the commands."""

import os
from types import ModuleType
from typing import Callable, Dict, List, Tuple

from basedrift_hooks import run
from basedrift_hooks.client import Service
from basedrift_hooks.errors import Final
from basedrift_hooks.replaced import retains
from basedrift_hooks.spool import Spool

from .config import ObsConfig, obs_config
from .jobs import Jobs


def work(path: str, reconcile: bool) -> int:
    """Does what is due."""
    config = obs_config(path)
    spool = Spool(config.spool)
    jobs = Jobs(config, spool, Service(config.service()), config.api, config.lister)
    return run.send(spool, jobs.handlers(), reconcile)


def listen(path: str) -> int:
    """Listens until a signal comes."""
    config = obs_config(path)
    bus = config.bus()
    listener().Listener(bus, config.rules, Spool(config.spool)).run()
    return 0


def listener() -> ModuleType:
    """The module that listens, which alone needs pika. Raises Final `pika-missing`."""
    try:
        from . import bus as module  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise Final("pika-missing", "The message bus needs pika: install python3-pika.") from error
    return module


def greet_bus(config: ObsConfig) -> None:
    """Tries what section [bus] names; what is wrong with the section is said first."""
    bus = config.bus()
    listener().greet(bus)


def check(path: str) -> int:
    """Tries what the configuration names."""
    config = obs_config(path)
    parts: List[Tuple[str, Callable[[], object]]] = [
        ("spool", lambda: Spool(config.spool).try_it()),
        ("service", lambda: Service(config.service()).greet(any(map(retains, config.rules)))),
    ]
    if config.has_repos():
        parts.append(("repositories", lambda: config.lister().greet()))
    if config.has_api():
        parts.append(("api", lambda: config.api().greet()))
    if config.has_bus():
        parts.append(("bus", lambda: greet_bus(config)))
    return run.check(parts)


COMMANDS: Dict[str, run.Command] = {
    "send": ("do what is due in the spool, once", lambda path: work(path, False)),
    "listen": ("listen on the message bus until it is stopped", listen),
    "reconcile": ("list builds and repositories for what was missed, and send it", lambda path: work(path, True)),
    "check": ("try whether the spool, the service, the repositories, the API and the bus work", check),
    "status": ("say what waits in the spool and what was put aside, with the reasons", lambda path: run.status(Spool(obs_config(path).spool))),
}


def main(argv: List[str]) -> int:
    """Runs a command. The publish hook takes the same variable."""
    default = os.environ.get("BASEDRIFT_OBS_CONF", "/etc/basedrift/obs.conf")
    return run.main("basedrift-obs", "Hooks of an Open Build Service.", default, COMMANDS, argv)
