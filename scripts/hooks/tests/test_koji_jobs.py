import os
import tempfile
import unittest
import xmlrpc.client
from typing import Any, Dict, List
from urllib.parse import urlsplit

from basedrift_hooks.client import Service
from basedrift_hooks.config import ServiceConfig
from basedrift_hooks.errors import Passing
from basedrift_hooks.http import Http
from basedrift_hooks.spool import Spool, Tally
from basedrift_koji.api import Koji
from basedrift_koji.config import koji_config
from basedrift_koji.jobs import Jobs

from .ledger import Ledger
from .support import Reply, Request, Server

CONFIG = """
[service]
url = http://127.0.0.1:1
[spool]
dir = %s
[koji]
hub = http://127.0.0.1:1/kojihub
topdir = %s
web = https://koji.example.org/koji
package_bytes = 2000
[stream f43]
packages = kernel
tags = f43-updates
arches = x86_64
files = kernel-core-*.fc43.* kernel-modules-*.fc43.*
name = Fedora:43/{arch}/kernel
environment = f43
%s
"""
STREAM = "Fedora:43/x86_64/kernel"


class FakeHub:
    """The calls that the sender makes."""

    def __init__(self) -> None:
        self.builds: Dict[int, Dict[str, Any]] = {}
        self.tags: Dict[int, List[str]] = {}
        self.calls: List[Any] = []
        self.fault = 0
        #: RPMs of builds in the place of those of a kernel, and what was in build roots.
        self.rpms: Dict[int, List[Dict[str, Any]]] = {}
        self.roots: Dict[int, List[Dict[str, Any]]] = {}

    def __call__(self, request: Request) -> Reply:
        params, method = xmlrpc.client.loads(request.body.decode())
        self.calls.append((method, params))
        if urlsplit(request.path).path != "/kojihub":
            return 404, {}, b""
        if self.fault:
            return 200, {}, xmlrpc.client.dumps(xmlrpc.client.Fault(self.fault, "no")).encode()
        value: Any = getattr(self, str(method))(*params)
        return 200, {"Content-Type": "text/xml"}, xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()

    def getAPIVersion(self) -> Any:
        return 1

    def getBuild(self, number: int) -> Any:
        return self.builds.get(number)

    def listBuildRPMs(self, number: int) -> Any:
        if number in self.rpms:
            return self.rpms[number]
        build = self.builds[number]
        names = ["kernel-core", "kernel-modules", "kernel-devel", "kernel-core-debuginfo"]
        rpm = {"version": build["version"], "release": build["release"]}
        return [dict(rpm, name=name, arch=arch) for name in names for arch in ("x86_64", "s390x")] + [dict(rpm, name="kernel", arch="src")]

    def listRPMs(self, options: Dict[str, Any]) -> Any:
        assert options["__starstar"]
        return self.roots[options["componentBuildrootID"]]

    def listTags(self, number: int) -> Any:
        return [{"id": 1, "name": name} for name in self.tags.get(number, [])]

    def listBuilds(self, options: Dict[str, Any]) -> Any:
        assert options["__starstar"] and options["state"] == 1
        return [dict(build, build_id=number) for number, build in self.builds.items() if build["name"] == options["packageID"]]

    def listTagged(self, tag: str, options: Dict[str, Any]) -> Any:
        return [dict(build, build_id=number) for number, build in self.builds.items() if tag in self.tags.get(number, [])]


def build_of(number: int, **fields: Any) -> Dict[str, Any]:
    build = {"id": number, "name": "kernel", "package_name": "kernel", "version": "6.17.8", "release": "300.fc43", "state": 1}
    more = {"task_id": 77, "source": "git+https://src.example.org/kernel#abc", "volume_name": "DEFAULT", "draft": False, "epoch": None}
    return dict(build, **dict(more, **fields))


class Working(unittest.TestCase):
    more = ""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.topdir = os.path.join(folder.name, "koji")
        self.now = 1e9
        path = os.path.join(folder.name, "basedrift_hub.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIG % (os.path.join(folder.name, "spool"), self.topdir, self.more))
        config = koji_config(path)
        self.spool = Spool(config.spool, clock=lambda: self.now)
        self.hub, self.ledger = FakeHub(), Ledger()
        servers = [Server(self.hub), Server(self.ledger)]
        for server in servers:
            server.__enter__()
            self.addCleanup(server.__exit__)
        service = Service(ServiceConfig("", None, None, 10), Http(servers[1].url, {}, 10, sleep=lambda _: None))
        self.koji = Koji(servers[0].url + "/kojihub", self.topdir, None, 10, None)
        self.handlers = Jobs(config, self.spool, service, lambda: self.koji, lambda: self.now).handlers()

    def build(self, number: int, **fields: Any) -> Dict[str, Any]:
        """A build on the hub and on its volume."""
        build = self.hub.builds[number] = build_of(number, **fields)
        volume = [] if build["volume_name"] == "DEFAULT" else ["vol", build["volume_name"]]
        where = os.path.join(self.topdir, *(volume + ["packages", "kernel", build["version"], build["release"], "x86_64"]))
        os.makedirs(where, exist_ok=True)
        for name in ("kernel-core", "kernel-modules"):
            with open(os.path.join(where, "%s-%s-%s.x86_64.rpm" % (name, build["version"], build["release"])), "wb") as file:
                file.write(name.encode())
        return build

    def work(self) -> Tally:
        self.now += 7200
        return self.spool.work(self.handlers)


class Sender(Working):
    def test_a_complete_build_is_sent_from_the_volume(self) -> None:
        self.build(5, volume_name="vol2")
        self.spool.add("koji_build", {"build": 5, "package": "kernel"})
        self.assertEqual(self.work(), (1, 0, 0))
        (build,) = self.ledger.builds.values()
        self.assertEqual(
            ([item["filename"] for item in build["artifacts"]], build["state"], build["said"]["provenance"]),
            (
                ["kernel-core-6.17.8-300.fc43.x86_64.rpm", "kernel-modules-6.17.8-300.fc43.x86_64.rpm"],
                "sealed",
                {
                    "koji": {"buildId": 5, "taskId": 77, "source": "git+https://src.example.org/kernel#abc"},
                    "url": "https://koji.example.org/koji/buildinfo?buildID=5",
                },
            ),
        )
        self.assertEqual((list(self.ledger.builds), self.ledger.live), ([(STREAM, "6.17.8-300.fc43")], []))

    def test_a_hub_and_a_volume_that_are_there_are_greeted(self) -> None:
        with self.assertRaises(Passing) as caught:
            self.koji.greet()
        self.assertEqual(caught.exception.code, "volume-away")
        self.build(5)
        self.koji.greet()
        self.hub.fault = 1014
        with self.assertRaises(Passing):
            self.koji.greet()

    def test_believes_the_hub_and_not_the_note(self) -> None:
        self.build(6, state=0)
        self.build(7, draft=True)
        for number in (5, 6, 7):
            self.spool.add("koji_build", {"build": number})
        self.assertEqual((self.work(), self.ledger.builds), ((3, 0, 0), {}))

    def test_what_is_tagged_is_live_as_long_as_it_is(self) -> None:
        self.build(5)
        self.hub.tags[5] = ["f43-updates"]
        self.build(6, release="301.fc43")
        for number in (5, 6):
            self.spool.add("koji_tag", {"build": number, "tag": "f43-updates"})
        self.assertEqual(self.work(), (2, 0, 0))
        self.assertEqual(list(self.ledger.builds), [(STREAM, "6.17.8-300.fc43")])
        self.assertEqual(self.ledger.live, [("f43", "build-0")])

    def test_reconciles_what_no_note_told(self) -> None:
        self.build(5)
        self.build(6, release="301.fc43")
        self.hub.tags[6] = ["f43-updates"]
        self.spool.add("reconcile", {})
        self.assertEqual(self.work(), (1, 3, 0))
        self.handlers["reconcile"](self.spool.entries()[0])
        self.assertEqual(len(self.spool.entries()), 3, "what waits is not listed twice")
        self.assertEqual(self.work(), (3, 0, 0))
        self.assertEqual({vr for _, vr in self.ledger.builds}, {"6.17.8-300.fc43", "6.17.8-301.fc43"})
        self.assertEqual(len(self.ledger.live), 1)
        options = [params[0] for method, params in self.hub.calls if method == "listBuilds"][0]
        self.assertEqual(options["completeAfter"], 1e9 + 7200 - 14 * 24 * 3600, "as far back as it is told")

    def test_waits_for_a_hub_that_is_offline_and_a_volume_that_is_away(self) -> None:
        self.spool.add("koji_build", {"build": 5})
        self.hub.fault = 1014
        self.assertEqual(self.work(), (0, 1, 0))
        self.hub.fault = 0
        self.hub.builds[5] = build_of(5)
        self.assertEqual(self.work(), (0, 1, 0))
        self.build(5)
        self.assertEqual(self.work(), (1, 0, 0))

    def test_a_hub_that_refuses_is_final(self) -> None:
        self.spool.add("koji_build", {"build": 5})
        self.hub.fault = 1000
        self.assertEqual(self.work(), (0, 0, 1))

    def test_no_name_leads_out_of_the_volume(self) -> None:
        for number, fields in enumerate(({"name": "../../etc"}, {"volume_name": ".."}, {"version": "a/../.."})):
            self.hub.builds[number] = build_of(number, package_name="kernel", **fields)
            self.spool.add("koji_build", {"build": number})
        tally = self.work()
        self.assertEqual((tally.waiting, self.ledger.blobs), (0, {}))

    def test_an_entry_that_is_none_is_refused(self) -> None:
        entries: List[Dict[str, object]] = [{}, {"build": "5"}, {"build": True}, {"build": -1}]
        for data in entries:
            self.spool.add("koji_build", data)
        self.spool.add("koji_tag", {"build": 5})
        self.assertEqual((self.work(), self.hub.calls), ((0, 0, 5), []))


class Retaining(Working):
    more = "grace = 10"

    def test_a_build_leaves_when_others_took_its_place_in_the_tag(self) -> None:
        for number in range(1, 6):
            self.build(number, release="30%d.fc43" % number)
            self.hub.tags[number] = ["f43-updates"]
            self.spool.add("koji_tag", {"build": number, "tag": "f43-updates"})
            self.work()
            self.work()
        self.hub.tags[1] = []
        self.spool.add("replaced", {"tag": "f43-updates", "package": "kernel"})
        self.assertEqual(self.work(), (1, 0, 0))
        self.assertEqual(self.ledger.left, [], "it has its days")
        self.now += 11 * 24 * 3600
        self.spool.add("reconcile", {})
        self.work()
        self.work()
        self.assertEqual(self.ledger.left, [("f43", "build-0")])
        self.hub.tags.clear()
        self.now += 99 * 24 * 3600
        self.spool.add("replaced", {"tag": "f43-updates", "package": "kernel"})
        self.work()
        self.assertEqual(len(self.ledger.left), 1, "a tag that holds nothing says nothing")
