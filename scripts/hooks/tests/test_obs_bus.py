"""The listener on a real broker: BASEDRIFT_AMQP_URL names one; a queue of its own is made and removed."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid
from typing import Callable, Dict, List

from basedrift_hooks.spool import ENTRIES, Spool, name_of

from .test_obs_messages import BUILT

try:
    import pika
except ImportError:
    pika = None

URL = os.environ.get("BASEDRIFT_AMQP_URL", "")
COMMAND = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "obs", "basedrift-obs")
CONFIG = """
[spool]
dir = %s
[bus]
url = %s
exchange = %s
queue = %s
[stream default]
projects = openSUSE:Factory
repositories = standard
packages = kernel-default
files = kernel-default-*
name = {project}/{arch}/default
"""


@unittest.skipUnless(URL and pika is not None, "BASEDRIFT_AMQP_URL names no broker, or pika is missing")
class Listening(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = os.path.join(folder.name, "obs.conf")
        self.exchange = "pubsub-%s" % uuid.uuid4()
        self.queue = "basedrift-%s" % uuid.uuid4()
        self.spool = Spool(os.path.join(folder.name, "spool"))
        self.configure(self.queue)
        self.connection = pika.BlockingConnection(pika.URLParameters(URL))
        self.addCleanup(self.connection.close)
        self.channel = self.connection.channel()
        self.channel.exchange_declare(self.exchange, exchange_type="topic", durable=True)
        self.addCleanup(self.channel.exchange_delete, self.exchange)
        self.addCleanup(self.channel.queue_delete, self.queue)

    def configure(self, queue: str) -> None:
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG % (self.spool.folder, URL, self.exchange, queue))

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def listen(self) -> "subprocess.Popen[bytes]":
        child = subprocess.Popen([sys.executable, "-B", COMMAND, "--config", self.config, "listen"], stderr=subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        # Bound and consuming once it has noted that it has to reconcile.
        self.until("it does not listen", lambda: os.path.exists(self.spool.path("queue", "%s.json" % name_of("reconcile", {}))))
        return child

    def stop(self, child: "subprocess.Popen[bytes]") -> None:
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(20), 0)
        os.unlink(self.spool.path("queue", "%s.json" % name_of("reconcile", {})))

    def say(self, topic: str, message: Dict[str, object]) -> None:
        self.channel.basic_publish(self.exchange, "opensuse.obs." + topic, json.dumps(message).encode())

    def spooled(self) -> List[str]:
        return [entry.data.get("bcnt", entry.data.get("repo", "")) for entry in self.spool.entries() if entry.kind != "reconcile"]

    def left(self) -> int:
        count: int = self.channel.queue_declare(self.queue, passive=True).method.message_count
        return count

    def test_spools_what_rules_wait_for(self) -> None:
        child = self.listen()
        self.say("package.build_success", dict(BUILT, package="vim"))
        self.say("package.build_success", BUILT)
        self.channel.basic_publish(self.exchange, "opensuse.obs.package.build_success", b"{")
        self.say("package.build_fail", BUILT)
        self.say("repo.published", {"project": "openSUSE:Factory", "repo": "standard", "buildid": "9"})
        self.until("two entries", lambda: len(self.spool.entries()) == 3)
        self.stop(child)
        self.assertEqual(self.spooled(), ["3", "standard"])
        (built, _) = [entry for entry in self.spool.entries() if entry.kind != "reconcile"]
        self.assertEqual((built.kind, built.data["verifymd5"], built.data["reason"]), ("build_success", "b" * 32, "meta change"))
        self.assertEqual(self.left(), 0)

    def test_a_queue_of_its_own_keeps_what_comes_while_it_is_away(self) -> None:
        self.stop(self.listen())
        for number in range(5):
            self.say("package.build_success", dict(BUILT, bcnt=number))
        child = self.listen()
        self.until("five entries", lambda: len(self.spooled()) == 5)
        self.stop(child)
        self.assertEqual(self.spooled(), ["0", "1", "2", "3", "4"])

    def test_acknowledges_nothing_that_is_not_on_disk(self) -> None:
        child = self.listen()
        fill = [self.spool.path("queue", "x%d.json" % number) for number in range(ENTRIES)]
        for path in fill:
            open(path, "wb").close()
        self.say("package.build_success", BUILT)
        # It cannot be kept: the connection is given up, and the message is the broker's again.
        self.until("the message comes back", lambda: self.left() == 1)
        for path in fill:
            os.unlink(path)
        self.until("it is spooled", lambda: self.spooled() == ["3"])
        self.stop(child)
        self.assertEqual(self.left(), 0)

    def test_a_public_broker_names_the_queue(self) -> None:
        self.configure("")
        child = self.listen()
        # Consuming starts after the note; a message is said until one is heard.
        def heard() -> bool:
            self.say("package.build_success", BUILT)
            return bool(self.spooled())

        self.until("it hears", heard)
        self.stop(child)
