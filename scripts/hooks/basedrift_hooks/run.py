"""What the commands of the hooks have in common."""

import argparse
import logging
import sys
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from .errors import HookError
from .spool import Handler, Spool

LOG = logging.getLogger("basedrift")
#: A command: what it is for, and what it does with the path of the configuration. It gives the exit code.
Command = Tuple[str, Callable[[str], int]]


def send(spool: Spool, handlers: Mapping[str, Handler], reconcile: bool) -> int:
    """Does what is due: 0, or 1 where a person is needed: for what was put aside in this pass, or waits for one.

    `reconcile` lists first what was missed.
    """
    if reconcile:
        spool.add("reconcile", {}, once=True)
    refused = 0
    with spool.locked() as mine:
        if not mine:
            LOG.info("another sender is at work")
            return 0
        spool.collect()
        # What a listing finds comes after its pass has begun.
        for _ in range(2 if reconcile else 1):
            tally = spool.work(handlers)
            refused += tally.refused + len(spool.alarms)
            LOG.info("%d done, %d waiting, %d refused", *tally)
    return 1 if refused else 0


def status(spool: Spool) -> int:
    """Prints what waits and what was put aside, with the reasons: 0, or 1 where anything has failed."""
    entries, refused = spool.entries(), spool.refused()
    for entry in entries:
        reason = "" if entry.error is None else "  " + on_one_line(entry.error)
        print("waits    %s %s  attempts %d%s" % (entry.kind, entry.id, entry.attempts, reason))
    for name, held in refused:
        if held is None:
            print("refused  %s  no entry" % on_one_line(name))
        else:
            print("refused  %s %s  %s" % (held.kind, held.id, on_one_line(held.error or "")))
    print("%d waiting, %d refused" % (len(entries), len(refused)))
    return 1 if refused or any(entry.attempts for entry in entries) else 0


def check(parts: Sequence[Tuple[str, Callable[[], object]]]) -> int:
    """Tries each part of an installation and says whether it works: 0, or 1 where one does not."""
    wrong = 0
    for name, act in parts:
        try:
            act()
            print("works  %s" % name)
        except HookError as error:
            wrong += 1
            print("fails  %s  %s" % (name, on_one_line(str(error))))
    return 1 if wrong else 0


def on_one_line(text: str) -> str:
    """What a terminal may be shown: control characters are blanks."""
    return "".join(char if char.isprintable() else " " for char in text)


def main(name: str, about: str, config: str, commands: Dict[str, Command], argv: List[str]) -> int:
    """Runs a command. Exit code: 0 done, 1 something was put aside or fails, 2 usage or configuration."""
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--config", default=config, help="default: %(default)s")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is done, too")
    choices = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command, (text, _) in commands.items():
        choices.add_parser(command, help=text)
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_usage(sys.stderr)
        return 2
    level = logging.INFO if options.verbose or options.command == "listen" else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="basedrift: %(message)s")
    logging.getLogger("pika").setLevel(logging.ERROR)
    try:
        return commands[options.command][1](options.config)
    except HookError as error:
        LOG.error("%s", error)
        return 2
