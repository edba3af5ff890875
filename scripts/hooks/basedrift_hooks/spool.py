"""What is still to be done, on disk: an entry survives the process, the machine and the service being away."""

import fcntl
import hashlib
import json
import logging
import os
import random
import shutil
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .errors import Final, HookError, Passing

LOG = logging.getLogger("basedrift")

#: How folders in `tmp/` begin that packages are fetched into.
FETCHED = "fetch-"
#: Most entries that wait; what comes then is refused, so that a full disk is not ours.
ENTRIES = 10000
#: Most bytes of an entry.
ENTRY_BYTES = 4 * 1024 * 1024
#: Refused entries that are kept for a person to look at.
REFUSED = 1000
#: Seconds after which files without an entry are nobody's: a producer has ended long before.
IN_THE_MAKING = 3600.0
#: After so long, what always failed in passing is given up.
LIFETIME = 14 * 24 * 3600.0
#: After so long, what fails in passing wants a person to look.
OVERDUE = 6 * 3600.0
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0


class Entry(NamedTuple):
    """Something to do. `data` is the producer's own; times are seconds since 1970; `error` is how it failed the last time."""

    id: str
    kind: str
    data: Dict[str, Any]
    added: float
    attempts: int
    after: float
    error: Optional[str] = None


class Tally(NamedTuple):
    """What became of the entries of one pass."""

    done: int
    waiting: int
    refused: int


Handler = Callable[[Entry], None]


def name_of(kind: str, data: Mapping[str, object]) -> str:
    """The id of an entry that is kept once."""
    text = json.dumps([kind, data], sort_keys=True).encode("ascii")
    return "%s-%s" % (kind, hashlib.sha256(text).hexdigest()[:32])


def read_entry(path: str) -> Entry:
    """Reads an entry. Raises ValueError where the file holds none, FileNotFoundError, Passing `spool-unreadable`."""
    try:
        with open(path, "rb") as file:
            content = json.loads(file.read(ENTRY_BYTES + 1).decode("ascii"))
        data, failure = content["data"], content.get("error")
        if not isinstance(data, dict):
            raise ValueError("no data")
        return Entry(
            os.path.basename(path)[: -len(".json")],
            str(content["kind"]),
            data,
            float(content["added"]),
            int(content.get("attempts", 0)),
            float(content.get("after", 0)),
            "%s: %s" % (failure["code"], failure["message"]) if failure is not None else None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("%s lacks or has a wrong %s" % (path, error)) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Passing("spool-unreadable", "%s cannot be read: %s" % (path, error), alarm=True) from error


class Spool:
    """A folder with `queue/ID.json`, `files/ID/` (links to the packages of an entry), `refused/` and `tmp/`."""

    def __init__(self, folder: str, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        #: What the last pass met that only a person can end.
        self.alarms: List[Passing] = []
        self._clock = clock
        try:
            owner = os.stat(folder).st_uid
        except FileNotFoundError:
            owner = os.geteuid()
        except OSError as error:
            raise Passing("spool-unwritable", "The spool cannot be looked at: %s" % error) from error
        # What root writes there, the hook and the sender could not write any more.
        if os.geteuid() == 0 and owner != 0:
            raise Final("spool-foreign", "%s is that of the user with id %d: run it as that user, with sudo -u." % (folder, owner))
        for name in ("queue", "files", "refused", "tmp"):
            try:
                os.makedirs(os.path.join(folder, name), mode=0o750, exist_ok=True)
            except OSError as error:
                raise Passing("spool-unwritable", "The spool cannot be made: %s" % error) from error

    def path(self, *names: str) -> str:
        """A path in the spool."""
        return os.path.join(self.folder, *names)

    def try_it(self) -> None:
        """Writes a file and removes it. Raises Passing `spool-unwritable`."""
        self._write("tmp", Entry("try-%d" % os.getpid(), "", {}, 0.0, 0, 0.0), None)
        self._remove("tmp", "try-%d.json" % os.getpid())

    def add(self, kind: str, data: Mapping[str, object], once: bool = False) -> str:
        """Keeps an entry; it is on disk when this returns. Gives its id.

        With `once` it is named by its content: the same that waits keeps its age, and is due at once.
        Raises Passing `spool-full` or `spool-unwritable`, Final `entry-too-large`.
        """
        made = name_of(kind, data) if once else None
        if made is not None:
            held = self._read("%s.json" % made)
            if held is not None:
                if held.after > 0:
                    self._write("queue", held._replace(after=0.0), None)
                return made
        if len(os.listdir(self.path("queue"))) >= ENTRIES:
            raise Passing("spool-full", "%d entries wait in %s: run the sender." % (ENTRIES, self.folder))
        now = self._clock()
        made = made or "%019d-%d-%06d" % (int(now * 1e9), os.getpid(), random.randrange(1000000))
        self._write("queue", Entry(made, kind, dict(data), now, 0, 0.0), None)
        return made

    def _write(self, where: str, entry: Entry, error: Optional[HookError]) -> None:
        content: Dict[str, Any] = dict(entry._asdict())
        del content["error"]
        if error is not None:
            content["error"] = {"code": error.code, "message": error.message}
        text = json.dumps(content).encode("ascii")
        if len(text) > ENTRY_BYTES:
            raise Final("entry-too-large", "An entry has %d bytes, and may have %d." % (len(text), ENTRY_BYTES))
        staged = self.path("tmp", entry.id)
        try:
            with open(staged, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.rename(staged, self.path(where, "%s.json" % entry.id))
            folder = os.open(self.path(where), os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as failure:
            self._remove("tmp", entry.id)
            raise Passing("spool-unwritable", "The spool cannot be written: %s" % failure, alarm=True) from failure

    def entries(self) -> List[Entry]:
        """All that waits, oldest first. What is no entry goes to `refused/`."""
        found: List[Entry] = []
        for name in sorted(os.listdir(self.path("queue"))):
            if not name.endswith(".json"):
                continue
            entry = self._read(name)
            if entry is not None:
                found.append(entry)
        return sorted(found, key=lambda entry: (entry.added, entry.id))

    def refused(self) -> List[Tuple[str, Optional[Entry]]]:
        """Names and entries of what was put aside; None for what is no entry."""
        found: List[Tuple[str, Optional[Entry]]] = []
        for name in sorted(name for name in os.listdir(self.path("refused")) if name.endswith(".json")):
            try:
                found.append((name, read_entry(self.path("refused", name))))
            except FileNotFoundError:
                continue
            except ValueError:
                found.append((name, None))
        return found

    def _read(self, name: str) -> Optional[Entry]:
        path = self.path("queue", name)
        try:
            return read_entry(path)
        except FileNotFoundError:
            return None
        except ValueError as error:
            LOG.error("%s is no entry and goes to refused/: %s", path, error)
            os.replace(path, self.path("refused", name))
            return None

    def done(self, entry: Entry) -> None:
        """Removes an entry and its files, and what is left of it from when it was refused."""
        self._remove("queue", "%s.json" % entry.id)
        self._remove("refused", "%s.json" % entry.id)
        shutil.rmtree(self.path("files", entry.id), ignore_errors=True)

    def refuse(self, entry: Entry, error: HookError) -> None:
        """Puts an entry aside, with the reason; its files stay until it is removed. The oldest ones beyond the limit go."""
        self._write("refused", entry, error)
        self._remove("queue", "%s.json" % entry.id)
        refused = [name for name in os.listdir(self.path("refused")) if name.endswith(".json")]
        for name in sorted(refused, key=self._age)[:-REFUSED]:
            self._remove("refused", name)

    def _age(self, name: str) -> Tuple[float, str]:
        """Sorts refused entries: when each was put aside. Their ids tell no time."""
        try:
            return os.stat(self.path("refused", name)).st_mtime, name
        except FileNotFoundError:
            return 0.0, name

    def collect(self) -> int:
        """Removes files that no entry has, waiting or refused: of a producer that was killed, or of an entry that was removed.

        Only for who holds the spool. Gives how many folders went. What is young may be in the making.
        """
        removed = 0
        for made in os.listdir(self.path("files")):
            folder = self.path("files", made)
            # In this order: an entry that a person moves back to the queue meanwhile is seen in one of them.
            held = any(os.path.exists(self.path(where, "%s.json" % made)) for where in ("refused", "queue"))
            try:
                young = self._clock() - os.stat(folder).st_mtime < IN_THE_MAKING
            except FileNotFoundError:
                continue
            if not held and not young:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        self._collect_staged()
        return removed

    def _collect_staged(self) -> None:
        # Packages are fetched by the one sender alone, and this is it; other producers take a moment for what they write.
        for name in os.listdir(self.path("tmp")):
            path = self.path("tmp", name)
            try:
                young = self._clock() - os.stat(path).st_mtime < IN_THE_MAKING
            except FileNotFoundError:
                continue
            if name.startswith(FETCHED):
                shutil.rmtree(path, ignore_errors=True)
            elif not young:
                self._remove("tmp", name)

    def _remove(self, where: str, name: str) -> None:
        try:
            os.unlink(self.path(where, name))
        except FileNotFoundError:
            pass

    def postpone(self, entry: Entry, error: Passing) -> bool:
        """Tries an entry again later; gives it up after its lifetime, and says so by False."""
        now = self._clock()
        if now - entry.added > LIFETIME:
            self.refuse(entry, Final("given-up", "It failed for %d days, at last with %s" % (LIFETIME // 86400, error)))
            return False
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(entry.attempts, 10)) * random.uniform(0.75, 1.25)
        after = now + max(pause, min(error.after, LONGEST_PAUSE))
        self._write("queue", entry._replace(attempts=entry.attempts + 1, after=after), error)
        return True

    def _failed(self, entry: Entry, error: HookError) -> int:
        """Has an entry wait, or puts it aside; gives how many were put aside. Where neither can be written, it stays as it is."""
        try:
            if isinstance(error, Passing):
                alarm = error.alarm or self._clock() - entry.added > OVERDUE
                LOG.log(logging.ERROR if alarm else logging.WARNING, "%s %s waits: %s", entry.kind, entry.id, error)
                if alarm:
                    self.alarms.append(error)
                return 0 if self.postpone(entry, error) else 1
            LOG.error("%s %s is put aside: %s", entry.kind, entry.id, error)
            self.refuse(entry, error)
            return 1
        except Passing as failure:
            LOG.error("%s %s stays as it is: %s", entry.kind, entry.id, failure)
            self.alarms.append(failure)
            return 0

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Whether this process is the only one that works on the spool, for as long as it is held."""
        try:
            file = open(self.path(".lock"), "ab")
        except OSError as error:
            raise Passing("spool-unwritable", "The spool cannot be locked: %s" % error) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def work(self, handlers: Mapping[str, Handler]) -> Tally:
        """Does what is due, once. Each entry ends as done, waiting or refused; none stops the others."""
        done = refused = 0
        self.alarms = []
        for entry in self.entries():
            if entry.after > self._clock():
                continue
            handler = handlers.get(entry.kind)
            try:
                if handler is None:
                    raise Final("kind-unknown", "Nothing here does %s." % entry.kind)
                handler(entry)
                self.done(entry)
                done += 1
            except HookError as error:
                refused += self._failed(entry, error)
            except Exception as error:  # pylint: disable=broad-except
                # A fault of ours may not stop the other entries, nor lose this one.
                LOG.exception("%s %s failed", entry.kind, entry.id)
                refused += self._failed(entry, Passing("hook-fault", repr(error), alarm=True))
        return Tally(done, len(self.entries()), refused)
