"""`basedrift-obs`: the commands."""

import argparse
import logging
import sys
from typing import List

from basedrift_hooks.client import Service
from basedrift_hooks.errors import HookError
from basedrift_hooks.spool import Spool

from .config import obs_config
from .jobs import Jobs

LOG = logging.getLogger("basedrift")


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="basedrift-obs", description="Hooks of an Open Build Service.")
    parser.add_argument("--config", default="/etc/basedrift/obs.conf", help="default: %(default)s")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is done, too")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("send", help="do what is due in the spool, once")
    commands.add_parser("listen", help="listen on the message bus until it is stopped")
    commands.add_parser("reconcile", help="list builds and repositories for what was missed, and send it")
    commands.add_parser("status", help="say what waits and what was refused")
    return parser


def send(config_path: str, reconcile: bool) -> int:
    """Does what is due: 0, or 1 where something was put aside in this pass."""
    config = obs_config(config_path)
    spool = Spool(config.spool)
    if reconcile:
        spool.add("reconcile", {}, name="reconcile")
    with spool.locked() as mine:
        if not mine:
            LOG.info("another sender is at work")
            return 0
        jobs = Jobs(config, spool, Service(config.service()), config.api)
        tally = spool.work(jobs.handlers())
        if reconcile:
            # What the listing found came after this pass had begun.
            later = spool.work(jobs.handlers())
            tally = later._replace(done=tally.done + later.done, refused=tally.refused + later.refused)
    LOG.info("%d done, %d waiting, %d refused", *tally)
    return 1 if tally.refused else 0


def status(config_path: str) -> int:
    """Prints what waits: 0, or 1 where something waits that has failed before."""
    entries = Spool(obs_config(config_path).spool).entries()
    for entry in entries:
        print("%s  %s  attempts %d" % (entry.id, entry.kind, entry.attempts))
    print("%d waiting" % len(entries))
    return 1 if any(entry.attempts for entry in entries) else 0


def listen(config_path: str) -> int:
    """Listens until a signal comes."""
    from .bus import Listener  # pylint: disable=import-outside-toplevel

    config = obs_config(config_path)
    Listener(config.bus(), config.rules, Spool(config.spool)).run()
    return 0


def main(argv: List[str]) -> int:
    """Exit code: 0 done, 1 something was put aside or fails, 2 usage or configuration."""
    parser = arguments()
    options = parser.parse_args(argv)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if options.verbose or options.command == "listen" else logging.WARNING,
        format="basedrift: %(message)s",
    )
    logging.getLogger("pika").setLevel(logging.ERROR)
    try:
        if options.command in ("send", "reconcile"):
            return send(options.config, options.command == "reconcile")
        if options.command == "listen":
            return listen(options.config)
        if options.command == "status":
            return status(options.config)
    except HookError as error:
        LOG.error("%s", error)
        return 2
    parser.print_usage(sys.stderr)
    return 2
