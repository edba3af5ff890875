import os
import tempfile
import unittest
from typing import Any, Dict, List, Tuple

from basedrift_hooks.spool import Spool

from .koji_registry import Hub, state_change, tagging

import basedrift_hub  # isort: skip  # wants the registry

CONFIG = """
[spool]
dir = %s
[stream f43]
packages = kernel kernel-rt
tags = f43-updates
files = kernel-core-*.fc43.*
name = Fedora:43/{arch}/kernel
"""


def build_of(number: int, name: str = "kernel") -> Dict[str, Any]:
    """A build as the hub has it."""
    fields = {"id": number, "name": name, "package_name": name, "version": "6.17.8", "release": "300.fc43", "epoch": None}
    return dict(fields, nvr="%s-6.17.8-300.fc43" % name, task_id=77, source="git+https://src.example.org/kernel#abc", state=1)


class Plugin(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.spool_folder = os.path.join(folder.name, "spool")
        basedrift_hub.CONFIG_FILE = os.path.join(folder.name, "basedrift_hub.conf")
        with open(basedrift_hub.CONFIG_FILE, "w", encoding="ascii") as file:
            file.write(CONFIG % self.spool_folder)
        self.hub = Hub(basedrift_hub)

    def spooled(self) -> List[Tuple[str, Dict[str, Any]]]:
        if not os.path.exists(self.spool_folder):
            return []
        return [(entry.kind, entry.data) for entry in Spool(self.spool_folder).entries()]

    def test_notes_a_build_once_it_is_committed(self) -> None:
        def act() -> None:
            state_change(build_of(1))
            self.assertEqual(self.spooled(), [], "nothing before the commit")

        self.hub.request(act)
        self.assertEqual(self.spooled(), [("koji_build", {"build": 1, "package": "kernel"})])

    def test_a_build_that_was_rolled_back_is_never_announced(self) -> None:
        self.hub.request(lambda: state_change(build_of(1)), commit=False)
        self.hub.request(lambda: tagging(build_of(2), "f43-updates"))
        self.assertEqual(self.spooled(), [("koji_tag", {"build": 2, "package": "kernel", "tag": "f43-updates"})])

    def test_notes_no_other_state_package_or_tag(self) -> None:
        def act() -> None:
            for state in (0, 2, 3, 4):
                state_change(build_of(1), state)
            state_change(build_of(2, "vim"))
            tagging(build_of(3), "f43-updates-testing")

        self.hub.request(act)
        self.assertEqual(self.spooled(), [])

    def test_all_of_a_transaction_in_order_and_each_once(self) -> None:
        def act() -> None:
            state_change(build_of(1))
            state_change(build_of(2, "kernel-rt"))
            tagging(build_of(1), "f43-updates")

        self.hub.request(act)
        self.hub.request(lambda: None)
        self.assertEqual(sorted(kind for kind, _ in self.spooled()), ["koji_build", "koji_build", "koji_tag"])

    def test_makes_no_request_fail(self) -> None:
        with open(basedrift_hub.CONFIG_FILE, "w", encoding="ascii") as file:
            file.write("[spool]\ndir = /proc/none\n[stream a]\nfiles = *\nname = s\n")
        self.hub.request(lambda: state_change(build_of(1)))
        os.unlink(basedrift_hub.CONFIG_FILE)
        self.hub.request(lambda: state_change(build_of(1)))
        self.hub.request(lambda: state_change({}))

    def test_keeps_no_more_than_its_limit(self) -> None:
        def act() -> None:
            for number in range(basedrift_hub.NOTES + 5):
                tagging(build_of(number), "f43-updates")

        self.hub.request(act)
        self.assertEqual(len(self.spooled()), basedrift_hub.NOTES)

    def test_is_loaded_without_what_it_needs_later(self) -> None:
        needed = [name for name in vars(basedrift_hub) if name.startswith("basedrift_")]
        self.assertEqual(needed, [], "a plugin that cannot be loaded takes the hub offline")
