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
#: A listener that dies as soon as it has a message: before it keeps it, or before it acknowledges it.
DYING = """
import os, signal, sys
from basedrift_hooks.spool import Spool
from basedrift_obs.bus import Listener
from basedrift_obs.config import obs_config

class Dying(Spool):
    def add(self, kind, data, once=False):
        made = None
        if kind == "reconcile" or sys.argv[2] == "after":
            made = super().add(kind, data, once)
        if kind != "reconcile":
            os.kill(os.getpid(), signal.SIGKILL)
        return made

config = obs_config(sys.argv[1])
Listener(config.bus(), config.rules, Dying(config.spool)).run()
"""
CONFIG = """
[spool]
dir = %s
[obs]
api = https://api.example.org
[bus]
url = %s
exchange = %s
queue = %s
ca_file = %s
[stream default]
projects = openSUSE:Factory
repositories = standard
packages = kernel-default
files = kernel-default-*
name = {project}/{arch}/default
"""


class Checking(unittest.TestCase):
    def test_says_what_is_wrong_with_the_section_of_the_bus(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "obs.conf")
            for section, expected in (
                ("[obs]\nrepos = /nowhere\n[bus]\nurl = amqps://broker.example.org/\n", "config-incomplete: Set api in section [obs]."),
                ("[obs]\napi = https://api.example.org\n[bus]\nurl_file = %s/none\n" % folder, "secret-unreadable: "),
            ):
                with open(config, "w", encoding="ascii") as file:
                    file.write("[spool]\ndir = %s/spool\n%s[stream a]\nfiles = a-*\nname = a\n" % (folder, section))
                command = [sys.executable, "-B", COMMAND, "--config", config]
                done = subprocess.run(command + ["check"], stdout=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn("fails  bus  " + expected, done.stdout.decode())
                done = subprocess.run(command + ["listen"], stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(expected, done.stderr.decode())


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
        self.connect()
        self.channel.exchange_declare(self.exchange, exchange_type="topic", durable=True)
        self.addCleanup(self.leave)

    def configure(self, queue: str, url: str = URL, ca_file: str = "") -> None:
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG % (self.spool.folder, url, self.exchange, queue, ca_file))

    def connect(self) -> None:
        self.connection = pika.BlockingConnection(pika.URLParameters(URL))
        self.channel = self.connection.channel()

    def leave(self) -> None:
        self.channel.queue_delete(self.queue)
        self.channel.exchange_delete(self.exchange)
        self.connection.close()

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        # Longer than the listener ever pauses: where a broker takes long to come back, its pauses have grown.
        deadline = time.monotonic() + 120
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def listen(self, *other: str) -> "subprocess.Popen[bytes]":
        command = list(other) or [COMMAND, "--config", self.config, "listen"]
        child = subprocess.Popen([sys.executable, "-B"] + command, stderr=subprocess.DEVNULL)
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
        kept = pika.BasicProperties(delivery_mode=2)
        self.channel.basic_publish(self.exchange, "opensuse.obs." + topic, json.dumps(message).encode(), kept)

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

    def test_check_says_whether_the_broker_has_what_is_listened_to(self) -> None:
        def said() -> str:
            command = [sys.executable, "-B", COMMAND, "--config", self.config, "check"]
            return subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode()

        self.assertIn("works  bus\n", said())
        self.exchange = "another"
        self.configure(self.queue)
        self.assertIn("fails  bus  exchange-refused: The broker does not give the exchange another, which", said())

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

    def test_a_listener_that_is_killed_before_it_acknowledges_loses_nothing(self) -> None:
        for when, entries in (("before", ["3"]), ("after", ["3", "3"])):
            child = self.listen("-c", DYING, self.config, when)
            self.say("package.build_success", BUILT)
            self.assertEqual(child.wait(30), -signal.SIGKILL)
            os.unlink(self.spool.path("queue", "%s.json" % name_of("reconcile", {})))
            child = self.listen()
            self.until("the broker gives it again", lambda: self.spooled() == entries)  # pylint: disable=cell-var-from-loop
            self.stop(child)
            self.assertEqual(self.left(), 0, when)
            for entry in self.spool.entries():
                self.spool.done(entry)

    @unittest.skipUnless("BASEDRIFT_AMQP_RESTART" in os.environ, "BASEDRIFT_AMQP_RESTART names no command")
    def test_a_broker_that_restarts_is_found_again(self) -> None:
        child = self.listen()
        os.unlink(self.spool.path("queue", "%s.json" % name_of("reconcile", {})))
        subprocess.run(os.environ["BASEDRIFT_AMQP_RESTART"].split(), check=True, timeout=60)

        def back() -> bool:
            try:
                self.connect()
                return True
            except pika.exceptions.AMQPError:
                return False

        self.until("the broker is not back", back)
        self.say("package.build_success", BUILT)
        self.until("it is spooled", lambda: self.spooled() == ["3"])
        self.assertIsNone(child.poll())
        self.stop(child)

    @unittest.skipUnless("BASEDRIFT_AMQPS_URL" in os.environ, "BASEDRIFT_AMQPS_URL names no broker")
    def test_a_broker_is_spoken_to_by_tls_if_its_certificate_is_trusted(self) -> None:
        url, ca_file = os.environ["BASEDRIFT_AMQPS_URL"], os.environ["BASEDRIFT_AMQPS_CA"]
        self.configure(self.queue, url, ca_file)
        child = self.listen()
        self.say("package.build_success", BUILT)
        self.until("it is spooled", lambda: self.spooled() == ["3"])
        self.stop(child)
        for other, trusted in ((url, ""), (url.replace("localhost", "127.0.0.1"), ca_file)):
            self.configure(self.queue, other, trusted)
            listener = subprocess.Popen([sys.executable, "-B", COMMAND, "--config", self.config, "listen"], stderr=subprocess.PIPE)
            self.addCleanup(listener.wait)
            self.addCleanup(listener.kill)
            assert listener.stderr is not None
            self.addCleanup(listener.stderr.close)
            self.assertIn(b"CERTIFICATE_VERIFY_FAILED", listener.stderr.readline())
            self.assertEqual(len(self.spool.entries()), 1, "nothing was told to it")

    def test_a_public_broker_names_the_queue(self) -> None:
        self.configure("")
        child = self.listen()
        # Consuming starts after the note; a message is said until one is heard.
        def heard() -> bool:
            self.say("package.build_success", BUILT)
            return bool(self.spooled())

        self.until("it hears", heard)
        self.stop(child)
