import os
import shutil
import tempfile
import unittest
from typing import Any, Dict, List
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import quoteattr

from basedrift_hooks.client import Service
from basedrift_hooks.config import ServiceConfig
from basedrift_hooks.errors import Passing
from basedrift_hooks.http import Http
from basedrift_hooks.spool import Spool, Tally
from basedrift_obs.api import Obs
from basedrift_obs.config import obs_config
from basedrift_obs.jobs import Jobs

from .ledger import Ledger
from .support import Reply, Request, Server

CONFIG = """
[service]
url = http://127.0.0.1:1
[spool]
dir = %s
[obs]
api = http://127.0.0.1:1
package_bytes = 2000
[stream default]
projects = openSUSE:Factory
repositories = standard
arches = x86_64
packages = kernel-default
files = kernel-default-[0-9]*
name = {project}/{arch}/default
environment = factory
%s
"""
STREAM = "openSUSE:Factory/x86_64/default"
PLACE = "openSUSE:Factory/standard/x86_64"


def elements(name: str, entry: str, entries: List[Dict[str, str]]) -> Reply:
    """A list as the API gives it."""
    inner = "".join("<%s %s/>" % (entry, " ".join("%s=%s" % (key, quoteattr(value)) for key, value in item.items())) for item in entries)
    return 200, {"Content-Type": "text/xml"}, ("<%s>%s</%s>" % (name, inner, name)).encode()


class BuildService:
    """The API as far as the hooks ask it."""

    def __init__(self) -> None:
        self.jobs: List[Dict[str, str]] = []
        self.built: Dict[str, bytes] = {}
        self.published: Dict[str, bytes] = {}
        #: By path, what else is there.
        self.others: Dict[str, Reply] = {}

    def __call__(self, request: Request) -> Reply:
        path = unquote(urlsplit(request.path).path)
        if path in self.others:
            return self.others[path]
        if path == "/build/%s/_jobhistory" % PLACE:
            return elements("jobhistlist", "jobhist", self.jobs)
        if path == "/build/%s/kernel-default" % PLACE:
            return elements("binarylist", "binary", [{"filename": name, "size": str(len(data))} for name, data in self.built.items()])
        if path == "/published/openSUSE:Factory/standard":
            return elements("directory", "entry", [{"name": "x86_64"}, {"name": "repodata"}])
        if path == "/published/%s" % PLACE:
            return elements("directory", "entry", [{"name": name} for name in self.published])
        for prefix, files in (("/build/%s/kernel-default/" % PLACE, self.built), ("/published/%s/" % PLACE, self.published)):
            if path.startswith(prefix) and path[len(prefix) :] in files:
                return 200, {}, files[path[len(prefix) :]]
        return 404, {}, b"<status code='404'/>"


def job(bcnt: str, code: str = "succeeded") -> Dict[str, str]:
    """A job as the history has it."""
    fields = {"package": "kernel-default", "rev": "7", "srcmd5": "a" * 32, "versrel": "5.15.12-1", "verifymd5": "b" * 32}
    return dict(fields, bcnt=bcnt, reason="meta change", code=code, workerid="w:1")


EVENT = {
    "project": "openSUSE:Factory",
    "repository": "standard",
    "arch": "x86_64",
    "package": "kernel-default",
    "versrel": "5.15.12-1",
    "bcnt": "3",
    "srcmd5": "a" * 32,
    "reason": "meta change",
}


class Working(unittest.TestCase):
    more = ""
    api = "api = http://127.0.0.1:1"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.now = 1e9
        path = os.path.join(folder.name, "obs.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write((CONFIG % (os.path.join(folder.name, "spool"), self.more)).replace(Working.api, self.api))
        config = obs_config(path)
        self.spool = Spool(config.spool, clock=lambda: self.now)
        self.obs, self.ledger = BuildService(), Ledger()
        servers = [Server(self.obs), Server(self.ledger)]
        for server in servers:
            server.__enter__()
            self.addCleanup(server.__exit__)
        self.asked = servers[0].asked
        self.service = Service(ServiceConfig("", None, None, 10), Http(servers[1].url, {}, 10, sleep=lambda _: None))
        self.handlers = Jobs(config, self.spool, self.service, lambda: Obs(servers[0].url, "u", "p", 10, None), clock=lambda: self.now).handlers()

    def work(self) -> Tally:
        self.now += 7200
        return self.spool.work(self.handlers)

    def build(self, vr: str = "5.15.12-1.3") -> Any:
        return self.ledger.builds[(STREAM, vr)]


class Sender(Working):
    def test_a_build_is_fetched_and_keeps_where_it_comes_from(self) -> None:
        self.obs.jobs = [job("2"), job("3"), job("4", "failed")]
        self.obs.built = {"kernel-default-5.15.12-1.3.x86_64.rpm": b"kernel", "rpmlint.log": b"", "_statistics": b""}
        self.spool.add("build_success", EVENT)
        self.assertEqual(self.work(), (1, 0, 0))
        obs = self.build()["said"]["provenance"]["obs"]
        self.assertEqual(
            {key: obs[key] for key in ("package", "versrel", "bcnt", "srcmd5", "verifymd5", "reason")},
            {
                "package": "kernel-default",
                "versrel": "5.15.12-1",
                "bcnt": 3,
                "srcmd5": "a" * 32,
                "verifymd5": "b" * 32,
                "reason": "meta change",
            },
        )
        self.assertEqual((self.build()["state"], list(self.ledger.blobs.values()), self.ledger.live), ("sealed", [6], []))

    def test_waits_until_the_packages_are_those_of_the_message(self) -> None:
        self.obs.jobs = [job("2")]
        self.obs.built = {"kernel-default-5.15.12-1.2.x86_64.rpm": b"old"}
        self.spool.add("build_success", EVENT)
        self.assertEqual((self.work(), self.ledger.builds), ((0, 1, 0), {}))
        self.obs.jobs.append(job("3"))
        self.obs.built = {"kernel-default-5.15.12-1.3.x86_64.rpm": b"new"}
        self.assertEqual((self.work(), self.build()["state"]), ((1, 0, 0), "sealed"))

    def test_leaves_a_build_alone_that_a_later_one_replaced(self) -> None:
        self.obs.jobs = [job("3"), job("4")]
        self.spool.add("build_success", EVENT)
        self.assertEqual((self.work(), self.ledger.builds), ((1, 0, 0), {}))

    def test_leaves_a_build_alone_that_is_no_more_in_the_history(self) -> None:
        self.obs.jobs = [dict(job(str(number)), endtime=str(2000 + number)) for number in range(30, 50)]
        self.spool.add("build_success", dict(EVENT, endtime="1999"))
        self.assertEqual((self.work(), self.ledger.builds), ((1, 0, 0), {}))
        self.spool.add("build_success", dict(EVENT, endtime="2060"))
        self.assertEqual(self.work(), (0, 1, 0))

    def test_takes_no_package_that_is_too_large(self) -> None:
        self.obs.jobs = [job("3")]
        self.obs.built = {"kernel-default-5.15.12-1.3.x86_64.rpm": b"x" * 2001}
        self.spool.add("build_success", EVENT)
        self.assertEqual((self.work(), self.ledger.blobs), ((0, 0, 1), {}))

    def test_what_is_published_is_live_and_fetched_where_it_lacks(self) -> None:
        self.obs.published = {"kernel-default-5.15.12-1.3.x86_64.rpm": b"kernel", "vim-9-1.x86_64.rpm": b""}
        for _ in range(2):
            self.spool.add("repo_published", {"project": "openSUSE:Factory", "repo": "standard", "buildid": "9"})
            self.assertEqual(self.work(), (1, 0, 0))
        self.assertEqual(self.ledger.live, [("factory", self.build()["id"])] * 2)
        fetched = [asked for asked in self.asked() if asked.endswith(".rpm")]
        self.assertEqual(len(fetched), 1, "what the service has is not fetched again")

    def test_reconciles_what_no_message_told(self) -> None:
        self.obs.jobs = [job("3"), job("4", "failed")]
        self.obs.built = {"kernel-default-5.15.12-1.3.x86_64.rpm": b"kernel"}
        self.obs.published = {"kernel-default-5.15.12-1.2.x86_64.rpm": b"older"}
        self.spool.add("reconcile", {})
        self.assertEqual(self.work(), (1, 2, 0))
        self.handlers["reconcile"](self.spool.entries()[0])
        self.assertEqual(len(self.spool.entries()), 2, "what waits is not listed twice")
        self.assertEqual(self.work(), (2, 0, 0))
        self.assertEqual(self.build()["said"]["provenance"]["obs"]["bcnt"], 3)
        self.assertEqual(self.ledger.live, [("factory", self.build("5.15.12-1.2")["id"])])

    def test_reconciles_on_the_server_that_publishes_without_an_api(self) -> None:
        root = os.path.dirname(self.spool.folder)
        folder = os.path.join(root, "repos", "openSUSE:", "Factory", "standard", "x86_64")
        os.makedirs(folder)
        with open(os.path.join(folder, "kernel-default-5.15.12-1.3.x86_64.rpm"), "wb") as file:
            file.write(b"kernel")
        path = os.path.join(root, "server.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write((CONFIG % (self.spool.folder, "")).replace("api = http://127.0.0.1:1", "repos = %s/repos" % root))
        config = obs_config(path)
        self.handlers = Jobs(config, self.spool, self.service, config.api, config.lister).handlers()
        for _ in range(2):
            self.spool.add("reconcile", {}, once=True)
            self.assertEqual(self.work(), (1, 1, 0))
            self.assertEqual(self.work(), (1, 0, 0))
        self.assertEqual((self.build()["state"], list(self.ledger.blobs.values())), ("sealed", [6]))
        self.assertEqual(self.ledger.live, [("factory", self.build()["id"])] * 2)
        config.lister().greet()
        shutil.rmtree(os.path.join(root, "repos"))
        with self.assertRaises(Passing) as caught:
            config.lister().greet()
        self.assertEqual(caught.exception.code, "repositories-away")
        for project in ("..", "a:..", "a/b", ""):
            self.spool.add("repo_published", {"project": project, "repo": "standard"})
        self.assertEqual(self.work(), (0, 0, 4))

    def test_a_message_that_names_another_path_is_refused(self) -> None:
        self.spool.add("build_success", dict(EVENT, package=".."))
        self.spool.add("repo_published", {"project": "..", "repo": "standard"})
        self.spool.add("repo_published", {"repo": "standard"})
        self.assertEqual((self.work(), self.asked()), ((0, 0, 3), []))

    def test_a_document_that_declares_entities_is_not_expanded(self) -> None:
        bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><jobhistlist>&c;</jobhistlist>'
        with Server(lambda request: (200, {}, bomb)) as server:
            handlers = Jobs(
                obs_config(os.path.join(os.path.dirname(self.spool.folder), "obs.conf")),
                self.spool,
                Service(ServiceConfig("", None, None, 10), Http(server.url, {}, 10)),
                lambda: Obs(server.url, None, None, 10, None),
            ).handlers()
            self.spool.add("build_success", EVENT)
            self.assertEqual(self.spool.work(handlers), (0, 1, 0))


class Retaining(Working):
    more = "grace = 30"

    def test_what_was_replaced_leaves_after_its_days(self) -> None:
        for vr in ("5.15.12-1.2", "5.15.12-1.3"):
            self.obs.published = {"kernel-default-%s.x86_64.rpm" % vr: vr.encode()}
            self.spool.add("repo_published", {"project": "openSUSE:Factory", "repo": "standard"})
            self.assertEqual(self.work(), (1, 1, 0))
            self.assertEqual(self.work(), (1, 0, 0))
        self.now += 31 * 24 * 3600
        self.spool.add("reconcile", {})
        for _ in range(3):
            self.work()
        self.assertEqual(self.ledger.left, [("factory", self.build("5.15.12-1.2")["id"])])
