import os
import tempfile
import unittest
from typing import Dict, List

from basedrift_hooks.client import Service
from basedrift_hooks.config import ServiceConfig
from basedrift_hooks.errors import Final, Passing
from basedrift_hooks.http import Http
from basedrift_hooks.packages import Group, Rule, group_packages
from basedrift_hooks.replaced import Listing, Memory, let_leave
from basedrift_hooks.send import mark_live, send_build

from .ledger import Ledger
from .support import Server
from .test_packages import rules_of

DAY = 24 * 3600.0
FACTS = {"project": "openSUSE:Factory", "repository": "standard"}
RULES = """
[stream default]
projects = openSUSE:*
files = kernel-default-[0-9]*
name = {project}/{arch}/default
environment = factory
%s
[stream modules]
projects = openSUSE:*
files = *-kmp-default-*
role = modules
name = {project}/{arch}/default
environment = factory
%s
"""


def kernel(release: str) -> str:
    return "kernel-default-5.15.12-%s.x86_64.rpm" % release


class Leaving(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.now = 1e9
        self.ledger = Ledger()
        server = Server(self.ledger)
        server.__enter__()
        self.addCleanup(server.__exit__)
        self.service = Service(ServiceConfig("", None, None, 10), Http(server.url, {}, 10, sleep=lambda _: None))
        self.rules: List[Rule] = []
        self.configure("grace = 30", "grace = 30")

    def configure(self, kernels: str, modules: str) -> None:
        self.rules = rules_of(RULES % (kernels, modules))

    def groups(self, *names: str) -> List[Group]:
        return group_packages(names, self.rules, FACTS)

    def publish(self, *names: str, **facts: str) -> None:
        """Each is sent and enters, as a hook does it. The first word of a name is its content."""
        for group in self.groups(*names):
            files = {}
            for name in group.packages:
                files[name] = os.path.join(self.folder, name)
                with open(files[name], "wb") as file:
                    file.write(name.encode())
            mark_live(self.service, group, send_build(self.service, group, files, {"obs": dict(FACTS, **facts)}))

    def leave(self, *holds: str, place: str = "openSUSE:Factory/standard") -> None:
        """One pass, a process of its own, on a repository that holds these."""
        listing = Listing(place, {}, FACTS, self.groups(*holds), {"obs": FACTS})
        let_leave(self.service, self.rules, listing, Memory(os.path.join(self.folder, "live.json")), self.now)

    def left(self) -> List[str]:
        names = {build["id"]: vr for (_, vr), build in self.ledger.builds.items()}
        return [names[number] for _, number in self.ledger.left]

    def test_a_build_leaves_when_it_was_replaced_for_long_enough(self) -> None:
        self.publish(kernel("1.1"), kernel("1.2"), kernel("1.3"))
        self.leave(kernel("1.3"))
        self.now += 29 * DAY
        self.leave(kernel("1.3"))
        self.assertEqual(self.left(), [], "its machines have 30 days")
        self.now += 1 * DAY
        for _ in range(2):
            self.leave(kernel("1.3"))
        self.assertEqual(sorted(self.left()), ["5.15.12-1.1", "5.15.12-1.2"])
        self.assertEqual([number for _, number in self.ledger.lives], [self.ledger.builds[("openSUSE:Factory/x86_64/default", "5.15.12-1.3")]["id"]])

    def test_time_runs_from_when_it_was_last_there(self) -> None:
        self.publish(kernel("1.1"), kernel("1.2"), kernel("1.3"))
        self.leave(kernel("1.2"))
        self.now += 20 * DAY
        self.leave(kernel("1.1"))
        self.now += 20 * DAY
        self.leave(kernel("1.3"))
        self.now += 20 * DAY
        self.leave(kernel("1.3"))
        self.assertEqual(self.left(), ["5.15.12-1.2"], "1.1 was back for a while, and 1.2 was not")

    def test_some_of_those_that_were_replaced_stay(self) -> None:
        self.configure("keep = 2", "")
        self.publish(*[kernel("1.%d" % number) for number in range(1, 7)])
        self.leave(kernel("1.6"))
        self.assertEqual(sorted(self.left()), ["5.15.12-1.%d" % number for number in (1, 2, 3)])
        self.configure("keep = 1\ngrace = 2", "")
        self.now += DAY
        self.leave(kernel("1.6"))
        self.assertEqual(len(self.left()), 3, "both have to allow it")
        self.now += DAY
        self.leave(kernel("1.6"))
        self.assertEqual(self.left()[3:], ["5.15.12-1.4"])

    def test_the_last_that_entered_stays_though_it_was_withdrawn(self) -> None:
        self.publish(kernel("1.1"), kernel("1.2"))
        for _ in range(3):
            self.leave(kernel("1.1"))
            self.now += 40 * DAY
        self.assertEqual(self.left(), [], "no machine goes back by itself")

    def test_a_repository_without_any_says_nothing(self) -> None:
        self.publish(kernel("1.1"), kernel("1.2"), "a-kmp-default-1-1.1.x86_64.rpm", "a-kmp-default-1-1.2.x86_64.rpm")
        for _ in range(3):
            self.leave()
            self.leave("a-kmp-default-1-1.2.x86_64.rpm")
            self.now += 40 * DAY
        self.assertEqual(self.left(), ["1-1.1.a_kmp_default"])

    def test_each_package_of_modules_is_replaced_by_itself(self) -> None:
        self.configure("", "keep = 1")
        old = ["%s-kmp-default-1-1.%d.x86_64.rpm" % (name, number) for number in (1, 2, 3) for name in ("a", "b")]
        self.publish(*(old + ["c-kmp-default-1-1.1.x86_64.rpm", kernel("1.1"), kernel("1.2")]))
        self.leave("a-kmp-default-1-1.3.x86_64.rpm", "b-kmp-default-1-1.3.x86_64.rpm", kernel("1.2"))
        self.assertEqual(sorted(self.left()), ["1-1.1.a_kmp_default", "1-1.1.b_kmp_default"])

    def test_what_others_let_enter_is_theirs(self) -> None:
        self.publish(kernel("1.1"), repository="ports")
        self.publish("kernel-default-5.15.12-1.2.x86_64.rpm")
        by_hand = self.ledger.builds[("openSUSE:Factory/x86_64/default", "5.15.12-1.2")]
        by_hand["artifacts"] = [{"filename": "vmlinux"}]
        self.publish(kernel("1.3"))
        self.leave(kernel("1.3"))
        self.now += 40 * DAY
        self.leave(kernel("1.3"))
        self.assertEqual(self.left(), [])

    def test_what_another_repository_still_holds_stays(self) -> None:
        self.publish(kernel("1.1"), kernel("1.2"))
        for _ in range(3):
            self.leave(kernel("1.1"), place="openSUSE:Factory/snapshot")
            self.leave(kernel("1.2"))
            self.now += 40 * DAY
        self.assertEqual(self.left(), [])
        self.leave(kernel("1.2"), place="openSUSE:Factory/snapshot")
        self.leave(kernel("1.2"))
        self.now += 40 * DAY
        self.leave(kernel("1.2"))
        self.assertEqual(self.left(), ["5.15.12-1.1"])

    def test_nothing_leaves_unless_it_is_told_when(self) -> None:
        self.configure("", "")
        self.publish(kernel("1.1"), kernel("1.2"))
        self.leave(kernel("1.2"))
        self.now += 4000 * DAY
        self.leave(kernel("1.2"))
        self.assertEqual(self.left(), [])

    def test_one_that_may_not_leave_stops_no_other_and_is_an_alarm(self) -> None:
        self.configure("keep = 1", "")
        self.publish(*[kernel("1.%d" % number) for number in range(1, 6)])
        names: Dict[str, str] = {vr: build["id"] for (_, vr), build in self.ledger.builds.items()}
        self.ledger.kept = [names["5.15.12-1.2"]]
        with self.assertRaises(Passing) as caught:
            self.leave(kernel("1.5"))
        self.assertEqual((caught.exception.code, caught.exception.alarm), ("token-refused", True))
        self.assertEqual(sorted(self.left()), ["5.15.12-1.1", "5.15.12-1.3"])

    def test_a_memory_that_is_lost_or_none_begins_again(self) -> None:
        self.publish(kernel("1.1"), kernel("1.2"))
        for content in ("", "[]", '{"places": 1}', '{"since": {"a": "b"}, "places": {"p": 3}}', "\xff"):
            with open(os.path.join(self.folder, "live.json"), "w", encoding="latin-1") as file:
                file.write(content)
            self.leave(kernel("1.2"))
            self.now += 29 * DAY
        self.assertEqual(self.left(), [])

    def test_says_what_is_wrong_with_a_rule(self) -> None:
        for setting in ("keep = 0", "keep = 1.5", "keep = x", "grace = 0", "grace = -1", "grace = nan"):
            with self.assertRaises(Final) as caught:
                self.configure(setting, "")
            self.assertEqual(caught.exception.code, "config-invalid", setting)
        with self.assertRaises(Final) as caught:
            rules_of("[stream a]\nfiles = *\nname = s\ngrace = 3")
        self.assertEqual(caught.exception.code, "config-incomplete")
