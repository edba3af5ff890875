import os
import shutil
import subprocess
import tempfile
import threading
import unittest
from typing import List

from basedrift_hooks.client import Service
from basedrift_hooks.config import ServiceConfig
from basedrift_hooks.http import Http
from basedrift_hooks.spool import ENTRIES, Spool
from basedrift_obs.api import Obs
from basedrift_obs.config import obs_config
from basedrift_obs.jobs import Jobs

from .ledger import Ledger
from .support import Server

HOOK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "obs", "published")
CONFIG = """
[service]
url = %s
[spool]
dir = %s
; a comment
[stream default]
projects = openSUSE:*
repositories = standard
files =
    kernel-default-[0-9]*
    kernel-default-extra-[!a-z]*
name = {project}/{arch}/default
environment = factory
%s
[stream modules]
projects = openSUSE:*
repositories: standard images_*
files: *-kmp-default-*
role = modules
name = {project}/{arch}/default
"""


@unittest.skipUnless(shutil.which("perl"), "there is no perl")
class Published(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.repository = os.path.join(folder.name, "repos", "openSUSE:", "Factory", "standard")
        self.spool_folder = os.path.join(folder.name, "spool")
        self.config = os.path.join(folder.name, "obs.conf")
        os.makedirs(os.path.join(self.repository, "x86_64"))
        self.more = ""
        self.configure("http://127.0.0.1:1")

    def configure(self, url: str) -> None:
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG % (url, self.spool_folder, self.more))

    def package(self, name: str, content: bytes) -> str:
        path = "x86_64/%s" % name
        with open(os.path.join(self.repository, path), "wb") as file:
            file.write(content)
        return path

    def publish(self, *changed: str, prp: str = "openSUSE:Factory/standard", before: str = "") -> str:
        """Runs the hook as bs_publish does: its output is thrown away, and its exit has to be 0. `before` is done by a shell first."""
        ran = subprocess.run(
            ["sh", "-c", before + ' exec "$@"', "sh", HOOK, prp, self.repository] + list(changed),
            env={"PATH": "/usr/bin:/bin", "BASEDRIFT_OBS_CONF": self.config},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=60,
            check=True,
        )
        return ran.stderr.decode("latin-1")

    def send(self, ledger: Ledger) -> List[int]:
        with Server(ledger) as server:
            self.configure(server.url)
            config = obs_config(self.config)
            spool = Spool(config.spool)
            service = Service(ServiceConfig(server.url, None, None, 10), Http(server.url, {}, 10, sleep=lambda _: None))
            jobs = Jobs(config, spool, service, lambda: Obs(server.url, None, None, 10, None))
            return list(spool.work(jobs.handlers()))

    def test_what_was_published_is_sent_and_live(self) -> None:
        kernel = self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"kernel")
        extra = self.package("kernel-default-extra-5.15.12-1.3.x86_64.rpm", b"extra")
        kmp = self.package("a-kmp-default-1_k5-2.1.x86_64.rpm", b"kmp")
        said = self.publish(kernel, os.path.join(self.repository, extra), kmp, "src/kernel-default-5.15.12-1.3.nosrc.rpm", "repodata")
        self.assertIn("3 packages are spooled", said)
        ledger = Ledger()
        self.assertEqual(self.send(ledger), [1, 0, 0])
        stream = "openSUSE:Factory/x86_64/default"
        self.assertEqual(set(ledger.builds), {(stream, "5.15.12-1.3"), (stream, "1_k5-2.1.a_kmp_default")})
        build = ledger.builds[(stream, "5.15.12-1.3")]
        self.assertEqual(
            (build["state"], [item["filename"] for item in build["artifacts"]], build["said"]["provenance"]["obs"]),
            (
                "sealed",
                ["kernel-default-5.15.12-1.3.x86_64.rpm", "kernel-default-extra-5.15.12-1.3.x86_64.rpm"],
                {"project": "openSUSE:Factory", "repository": "standard", "arch": "x86_64"},
            ),
        )
        self.assertEqual(ledger.live, [("factory", build["id"])])
        self.assertEqual(os.listdir(os.path.join(self.spool_folder, "files")), [], "the links are gone")

    def test_a_package_that_was_replaced_meanwhile_is_sent_as_it_was_published(self) -> None:
        kernel = self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"as published")
        self.publish(kernel)
        os.unlink(os.path.join(self.repository, kernel))
        ledger = Ledger()
        self.assertEqual(self.send(ledger), [1, 0, 0])
        self.assertEqual(list(ledger.blobs.values()), [len(b"as published")])

    def test_what_was_replaced_leaves_and_what_is_there_stays(self) -> None:
        self.more = "keep = 1"
        ledger = Ledger()
        for number in (1, 2, 3):
            for name in os.listdir(os.path.join(self.repository, "x86_64")):
                os.unlink(os.path.join(self.repository, "x86_64", name))
            self.publish(self.package("kernel-default-5.15.12-1.%d.x86_64.rpm" % number, b"%d" % number))
            self.assertEqual(self.send(ledger), [1, 1, 0])
            self.assertEqual(self.send(ledger), [1, 0, 0])
        self.assertEqual(ledger.left, [("factory", "build-0")])
        shutil.rmtree(self.repository)
        Spool(self.spool_folder).add("reconcile", {})
        self.assertEqual(self.send(ledger), [1, 1, 0])
        self.assertEqual(self.send(ledger), [1, 0, 0])
        self.assertEqual(len(ledger.left), 1, "a repository that is not there says nothing")

    def test_waits_while_the_service_is_away(self) -> None:
        self.publish(self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"kernel"))
        ledger = Ledger("another token")
        self.assertEqual(self.send(ledger), [0, 1, 0])
        (entry,) = Spool(self.spool_folder).entries()
        self.assertEqual((entry.attempts, ledger.builds), (1, {}))

    def test_spools_nothing_that_no_stream_names(self) -> None:
        said = self.publish("x86_64/vim-9-1.x86_64.rpm", "x86_64/kernel-default-extra-a-1-1.x86_64.rpm", "../../kernel-default-1-1.x86_64.rpm")
        self.assertIn("none of 3 changed files", said)
        self.assertFalse(os.path.exists(self.spool_folder))

    def test_spools_nothing_of_a_project_or_repository_that_no_stream_names(self) -> None:
        kernel = self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"kernel")
        for prp in ("home:eve:openSUSE:Factory/standard", "openSUSE:Factory/ports", "openSUSE:Factory"):
            self.assertIn("none of 1 changed files", self.publish(kernel, prp=prp))
        self.assertFalse(os.path.exists(self.spool_folder))

    def test_a_symbolic_link_is_left_out(self) -> None:
        kernel = self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"kernel")
        os.symlink("/etc/passwd", os.path.join(self.repository, "x86_64", "kernel-default-5.15.12-1.4.x86_64.rpm"))
        said = self.publish(kernel, "x86_64/kernel-default-5.15.12-1.4.x86_64.rpm")
        self.assertIn("1 symbolic links are left out", said)
        ledger = Ledger()
        self.assertEqual((self.send(ledger), len(ledger.builds)), ([1, 0, 0], 1))

    def test_many_at_once_lose_nothing(self) -> None:
        kernels = [self.package("kernel-default-5.15.12-1.%d.x86_64.rpm" % number, b"%d" % number) for number in range(8)]
        threads = [threading.Thread(target=self.publish, args=(kernel,)) for kernel in kernels * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ledger = Ledger()
        self.assertEqual(self.send(ledger), [16, 0, 0])
        self.assertEqual((len(ledger.builds), len(ledger.blobs), len(set(ledger.live))), (8, 8, 8))

    def test_a_disk_that_takes_nothing_leaves_nothing_behind(self) -> None:
        kernel = self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"kernel")
        self.assertIn("not spooled: ", self.publish(kernel, before="ulimit -f 0;"))
        self.assertEqual([os.listdir(os.path.join(self.spool_folder, name)) for name in ("queue", "files", "tmp")], [[], [], []])

    @unittest.skipUnless(os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK), "there is no other file system")
    def test_a_spool_elsewhere_has_the_packages_read_where_they_are(self) -> None:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
            if os.stat(elsewhere).st_dev == os.stat(self.repository).st_dev:
                self.skipTest("it is the same file system")
            self.spool_folder = elsewhere
            self.configure("http://127.0.0.1:1")
            kernel = self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"kernel")
            self.publish(kernel)
            self.assertEqual(self.send(Ledger()), [1, 0, 0])
            self.publish(kernel)
            os.unlink(os.path.join(self.repository, kernel))
            self.assertEqual(self.send(Ledger()), [0, 0, 1], "what went before it was sent is put aside")

    def test_names_are_data(self) -> None:
        evil = "kernel-default-5$(touch evil)\n\"\\-1.x86_64.rpm"
        with open(os.path.join(self.repository, "x86_64", evil), "wb"):
            pass
        said = self.publish("x86_64/" + evil)
        (entry,) = Spool(self.spool_folder).entries()
        self.assertEqual(entry.data["files"][0]["path"], "x86_64/" + evil, said)
        ledger = Ledger()
        self.assertEqual((self.send(ledger), ledger.builds), ([1, 0, 0], {}))

    def test_bytes_of_a_name_stay_what_they_are(self) -> None:
        name = b"kernel-default-5\xe4\xff-1.x86_64.rpm"
        with open(os.path.join(self.repository.encode(), b"x86_64", name), "wb"):
            pass
        self.publish(os.fsdecode(b"x86_64/" + name))
        (entry,) = Spool(self.spool_folder).entries()
        self.assertEqual(entry.data["files"][0]["path"].encode("latin-1"), b"x86_64/" + name)

    def test_never_fails_the_publishing(self) -> None:
        kernel = self.package("kernel-default-5.15.12-1.3.x86_64.rpm", b"kernel")
        os.makedirs(os.path.join(self.spool_folder, "queue"))
        for number in range(ENTRIES):
            open(os.path.join(self.spool_folder, "queue", "%d.json" % number), "wb").close()
        self.assertIn("not spooled: %d entries wait" % ENTRIES, self.publish(kernel))
        shutil.rmtree(self.spool_folder)
        open(self.spool_folder, "wb").close()
        self.assertIn("not spooled: ", self.publish(kernel))
        os.unlink(self.config)
        self.assertIn("not spooled: ", self.publish(kernel))
