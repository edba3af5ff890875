import contextlib
import io
import json
import os
import resource
import stat
import tempfile
import unittest
from typing import Callable, Iterator, List, Tuple

from basedrift_hooks import spool as module
from basedrift_hooks.errors import Final, Passing
from basedrift_hooks.run import check, send, status
from basedrift_hooks.spool import Entry, Spool


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Spooled(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.now = 1000.0
        self.spool = Spool(os.path.join(folder.name, "spool"), clock=lambda: self.now)
        self.seen: List[str] = []

    def handler(self, act: Callable[[Entry], None]) -> Callable[[Entry], None]:
        def handle(entry: Entry) -> None:
            self.seen.append(str(entry.data["n"]))
            act(entry)

        return handle

    def test_does_each_once_in_order(self) -> None:
        for number in range(3):
            self.now += 1
            self.spool.add("a", {"n": number})
        tally = self.spool.work({"a": self.handler(lambda entry: None)})
        self.assertEqual((self.seen, tally), (["0", "1", "2"], (3, 0, 0)))
        self.assertEqual(self.spool.work({"a": self.handler(lambda entry: None)}), (0, 0, 0))

    def test_a_failure_in_passing_waits_longer_each_time(self) -> None:
        def fail(_entry: Entry) -> None:
            raise Passing("server-unreachable", "away")

        self.spool.add("a", {"n": 1})
        pauses = []
        for _ in range(9):
            self.spool.work({"a": self.handler(fail)})
            (entry,) = self.spool.entries()
            pauses.append(entry.after - self.now)
            self.assertEqual(self.spool.work({"a": self.handler(fail)}), (0, 1, 0))
            self.now = entry.after
        self.assertEqual(len(self.seen), 9)
        self.assertTrue(20 < pauses[0] < 40 and pauses[8] <= module.LONGEST_PAUSE * 1.25, pauses)
        self.assertTrue(all(later > earlier for earlier, later in zip(pauses[:4], pauses[1:5])), pauses)

    def test_one_that_fails_stops_no_other_and_is_kept_with_the_reason(self) -> None:
        def act(entry: Entry) -> None:
            if entry.data["n"] == 0:
                raise Final("build-differs", "other content")
            if entry.data["n"] == 1:
                raise RuntimeError("a fault of ours")

        for number in range(3):
            self.now += 1
            self.spool.add("a", {"n": number})
        self.assertEqual(self.spool.work({"a": self.handler(act)}), (1, 1, 1))
        (refused,) = os.listdir(self.spool.path("refused"))
        with open(self.spool.path("refused", refused), encoding="ascii") as file:
            self.assertEqual(json.load(file)["error"], {"code": "build-differs", "message": "other content"})

    def test_gives_up_after_its_lifetime(self) -> None:
        def fail(_entry: Entry) -> None:
            raise Passing("server-unreachable", "away")

        self.spool.add("a", {"n": 1})
        self.now += module.LIFETIME + 1
        self.assertEqual(self.spool.work({"a": self.handler(fail)}), (0, 0, 1))

    def test_what_is_no_entry_is_put_aside(self) -> None:
        for name, content in {"1": "", "2": "[]", "3": '{"kind":1}', "4": '{"kind":"a","data":[],"added":0}'}.items():
            with open(self.spool.path("queue", name + ".json"), "w", encoding="ascii") as file:
                file.write(content)
        self.assertEqual(self.spool.entries(), [])
        self.assertEqual(len(os.listdir(self.spool.path("refused"))), 4)

    def test_takes_no_more_than_its_limit(self) -> None:
        for number in range(module.ENTRIES):
            open(self.spool.path("queue", "%d.json" % number), "wb").close()
        with self.assertRaises(Passing) as caught:
            self.spool.add("a", {"n": 1})
        self.assertEqual(caught.exception.code, "spool-full")
        with self.assertRaises(Final):
            Spool(self.spool.path("other")).add("a", {"n": "x" * module.ENTRY_BYTES})

    def test_keeps_no_more_refused_than_its_limit(self) -> None:
        for number in range(module.REFUSED + 5):
            open(self.spool.path("refused", "0000000%06d.json" % number), "wb").close()
        self.spool.add("b", {"n": 1})
        self.spool.work({})
        names = os.listdir(self.spool.path("refused"))
        self.assertEqual(len(names), module.REFUSED)
        self.assertTrue(any(name.startswith("0000001000") for name in names), "the newest stays")

    def test_the_same_waits_once_in_its_place_and_is_due(self) -> None:
        def fail(_entry: Entry) -> None:
            raise Passing("server-unreachable", "away")

        first = self.spool.add("a", {"n": 1, "m": 1}, once=True)
        self.now += 1
        self.spool.add("a", {"n": 2}, once=True)
        self.spool.work({"a": self.handler(fail)})
        self.now += 1
        self.assertEqual(self.spool.add("a", {"m": 1, "n": 1}, once=True), first)
        waiting = [(entry.data["n"], entry.added, entry.attempts, entry.after > self.now) for entry in self.spool.entries()]
        self.assertEqual(waiting, [(1, 1000.0, 1, False), (2, 1001.0, 1, True)])

    def test_a_full_spool_takes_again_what_waits(self) -> None:
        self.spool.add("a", {"n": 1}, once=True)
        for number in range(module.ENTRIES):
            open(self.spool.path("queue", "%d.json" % number), "wb").close()
        self.spool.add("a", {"n": 1}, once=True)

    def linked(self, made: str) -> str:
        os.makedirs(self.spool.path("files", made))
        open(self.spool.path("files", made, "0000-a.rpm"), "wb").close()
        return self.spool.path("files", made, "0000-a.rpm")

    def refuse(self) -> str:
        def fail(_entry: Entry) -> None:
            raise Final("build-differs", "other content")

        made = self.spool.add("a", {"n": 1})
        self.linked(made)
        self.spool.work({"a": self.handler(fail)})
        return made

    def test_what_was_refused_keeps_its_files_and_can_be_tried_again(self) -> None:
        made = self.refuse()
        self.now += 10 * module.IN_THE_MAKING
        self.spool.collect()
        self.assertTrue(os.path.exists(self.spool.path("files", made, "0000-a.rpm")))
        os.rename(self.spool.path("refused", made + ".json"), self.spool.path("queue", made + ".json"))
        self.assertEqual(self.spool.work({"a": self.handler(lambda entry: None)}), (1, 0, 0))
        self.assertEqual(os.listdir(self.spool.path("files")), [])

    def test_files_that_no_entry_has_are_collected(self) -> None:
        removed = self.refuse()
        os.unlink(self.spool.path("refused", removed + ".json"))
        waiting = self.spool.add("a", {"n": 2})
        self.linked(waiting)
        self.linked("killed")
        self.now = os.stat(self.spool.path("files", "killed")).st_mtime
        self.assertEqual(self.spool.collect(), 0, "a producer may be at work")
        self.now += module.IN_THE_MAKING + 60
        self.assertEqual(self.spool.collect(), 2)
        self.assertEqual(os.listdir(self.spool.path("files")), [waiting])

    def test_an_alarm_waits_and_is_heard(self) -> None:
        def fail(_entry: Entry) -> None:
            raise Passing("live-limit", "512 are live", alarm=True)

        self.spool.add("a", {"n": 1})
        self.assertEqual(send(self.spool, {"a": self.handler(fail)}, False), 1)
        self.assertEqual([entry.attempts for entry in self.spool.entries()], [1])
        self.assertEqual(send(self.spool, {"a": self.handler(fail)}, False), 0, "nothing was due")

    def test_what_fails_for_long_is_heard(self) -> None:
        def fail(_entry: Entry) -> None:
            raise Passing("server-unreachable", "away")

        self.spool.add("a", {"n": 1})
        self.assertEqual(send(self.spool, {"a": self.handler(fail)}, False), 0, "it may pass")
        self.now += module.OVERDUE + 1
        self.assertEqual(send(self.spool, {"a": self.handler(fail)}, False), 1)
        self.assertEqual(len(self.spool.entries()), 1, "it is tried again all the same")

    def test_a_disk_that_takes_nothing_loses_nothing_and_is_heard(self) -> None:
        def act(entry: Entry) -> None:
            if entry.data["n"] != 3:
                raise (Passing if entry.data["n"] == 1 else Final)("a", "b")

        for number in (1, 2, 3):
            self.now += 1
            self.spool.add("a", {"n": number})
        with full_disk():
            self.assertEqual(send(self.spool, {"a": self.handler(act)}, False), 1)
            with self.assertRaises(Passing) as caught:
                self.spool.add("a", {"n": 4})
        self.assertEqual((caught.exception.code, self.seen), ("spool-unwritable", ["1", "2", "3"]))
        self.assertEqual([entry.data["n"] for entry in self.spool.entries()], [1, 2])
        self.assertEqual(os.listdir(self.spool.path("tmp")), [])

    def test_what_a_killed_sender_fetched_is_removed(self) -> None:
        os.makedirs(self.spool.path("tmp", "fetch-1"))
        open(self.spool.path("tmp", "fetch-1", "a.rpm"), "wb").close()
        open(self.spool.path("tmp", "young"), "wb").close()
        open(self.spool.path("tmp", "old"), "wb").close()
        os.utime(self.spool.path("tmp", "old"), (1.0, 1.0))
        self.now = os.stat(self.spool.path("tmp", "young")).st_mtime
        send(self.spool, {}, False)
        self.assertEqual(os.listdir(self.spool.path("tmp")), ["young"], "a producer may be at work")

    def test_status_tells_what_waits_and_why(self) -> None:
        def fail(entry: Entry) -> None:
            raise (Final if entry.data["n"] == 1 else Passing)("some-code", "a sentence\nof two lines")

        self.assertEqual(self.status(), (0, "0 waiting, 0 refused\n"))
        for number in range(2):
            self.spool.add("a", {"n": number})
        self.spool.add("b", {"n": 9})
        self.spool.work({"a": self.handler(fail), "b": self.handler(lambda entry: None)})
        self.spool.add("b", {"n": 9})
        open(self.spool.path("refused", "none.json"), "wb").close()
        code, said = self.status()
        self.assertEqual(code, 1)
        self.assertRegex(said, r"(?m)^waits    a \S+  attempts 1  some-code: a sentence of two lines$")
        self.assertRegex(said, r"(?m)^waits    b \S+  attempts 0$")
        self.assertRegex(said, r"(?m)^refused  a \S+  some-code: a sentence of two lines$")
        self.assertRegex(said, r"(?m)^refused  none\.json  no entry$")
        self.assertTrue(said.endswith("2 waiting, 2 refused\n"), said)

    def test_check_tries_every_part(self) -> None:
        def fail() -> None:
            raise Passing("server-unreachable", "away")

        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertEqual(check([("spool", self.spool.try_it), ("service", fail), ("hub", lambda: None)]), 1)
            self.assertEqual(check([("spool", self.spool.try_it)]), 0)
        lines = ["works  spool", "fails  service  server-unreachable: away", "works  hub", "works  spool"]
        self.assertEqual(said.getvalue().splitlines(), lines)
        self.assertEqual(os.listdir(self.spool.path("tmp")), [])
        with full_disk(), self.assertRaises(Passing):
            self.spool.try_it()

    def status(self) -> Tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = status(self.spool)
        return code, said.getvalue()

    @unittest.skipIf(os.geteuid(), "only root runs as what it should not")
    def test_root_does_not_work_on_the_spool_of_another(self) -> None:
        os.chown(self.spool.folder, 65534, 65534)
        with self.assertRaises(Final) as caught:
            Spool(self.spool.folder)
        self.assertEqual(caught.exception.code, "spool-foreign")

    def test_only_one_process_works(self) -> None:
        with self.spool.locked() as first, Spool(self.spool.folder).locked() as second:
            self.assertEqual((first, second), (True, False))

    def test_others_cannot_read_it(self) -> None:
        self.assertEqual(os.stat(self.spool.path("queue")).st_mode & stat.S_IRWXO, 0)

    def test_says_that_it_cannot_be_written(self) -> None:
        with self.assertRaises(Passing) as caught:
            Spool("/proc/none")
        self.assertEqual(caught.exception.code, "spool-unwritable")
