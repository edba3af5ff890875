"""What is done for each entry of the spool."""

import functools
import logging
import time
from typing import Callable, Dict, List, Mapping, Optional, Set, Tuple

from basedrift_hooks.client import Json, Service, known, serial, text
from basedrift_hooks.errors import Final
from basedrift_hooks.packages import Group, Package, Rule, group_packages, named
from basedrift_hooks.replaced import Listing, Memory, let_leave, retains
from basedrift_hooks.send import complete_build, for_each, mark_live
from basedrift_hooks.spool import Entry, Handler, Spool

from .api import COMPLETE, Build, Koji, package_of
from .config import KojiConfig
from .kernels import filename_of, kernel_of

LOG = logging.getLogger("basedrift")
#: Builds of a package that reconcile looks at, and how many of the latest with a tag are what the tag holds.
LISTED = 50
LATEST = 3


class Jobs:
    """The work of the sender. `koji` is made when the first entry needs it."""

    def __init__(
        self, config: KojiConfig, spool: Spool, service: Service, koji: Callable[[], Koji], clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._spool = spool
        self._service = service
        self._koji = koji
        self._clock = clock

    def handlers(self) -> Dict[str, Handler]:
        """By kind of entry."""
        return {"koji_build": self.build, "koji_tag": self.tag, "replaced": self.replaced, "reconcile": self.reconcile}

    def build(self, entry: Entry) -> None:
        """A build became complete: unless the hub knows nothing of it, its packages are sent."""
        build = self._believed(number_of(entry, "build"))
        if build is not None:
            for_each(self._groups(build, {}), functools.partial(self._complete, build))

    def tag(self, entry: Entry) -> None:
        """A build was tagged: where it still is, it is live in the environment of the tag's rule."""
        tag = entry.data.get("tag")
        if not isinstance(tag, str):
            raise Final("entry-invalid", "The entry names no tag.")
        build = self._believed(number_of(entry, "build"))
        if build is None:
            return
        if tag not in self._koji().tags(int(build["id"])):
            LOG.info("%s is not tagged %s any more", build.get("nvr"), tag)
            return

        package = package_of(build)
        if any(retains(rule) and rule.matches({"tag": tag, "package": package}) for rule in self._rules({"tag": tag})):
            self._spool.add("replaced", {"tag": tag, "package": package}, once=True)
        complete = functools.partial(self._complete, build)
        for_each(self._groups(build, {"tag": tag}), lambda group: mark_live(self._service, group, complete(group)))

    def replaced(self, entry: Entry) -> None:
        """Lets those builds of a package leave that a tag held, and does not hold any more: its latest ones are what it holds."""
        tag, package = entry.data.get("tag"), entry.data.get("package")
        if not isinstance(tag, str) or not isinstance(package, str):
            raise Final("entry-invalid", "The entry names no tag and package.")
        groups: List[Group] = []
        for build in self._koji().tagged(tag, package, LATEST):
            groups.extend(self._groups(dict(build, id=build["build_id"]), {"tag": tag}))
        facts = {"tag": tag, "package": package}
        listing = Listing("%s %s" % (tag, package), entry.data, facts, groups, {"koji": {}})
        let_leave(self._service, self._rules(facts), listing, self._memory(), self._clock())

    def _memory(self) -> Memory:
        return Memory(self._spool.path("live.json"))

    def reconcile(self, _entry: Entry) -> None:
        """Notes may have been lost: the builds and tags of every package that rules name in full are listed.

        What was replaced in a tag may leave with time alone.
        """
        for what, _ in self._memory().places.values():
            self._spool.add("replaced", what, once=True)
        since = self._clock() - self._config.days * 24 * 3600
        builds: Set[int] = set()
        tagged: Set[Tuple[int, str]] = set()
        for rule in self._config.rules:
            for package in named(rule, "package"):
                for build in self._koji().completed(package, since, LISTED):
                    builds.add(int(build["build_id"]))
                for tag in named(rule, "tag"):
                    for build in self._koji().tagged(tag, package, LATEST):
                        tagged.add((int(build["build_id"]), tag))
        for build_id in sorted(builds):
            self._spool.add("koji_build", {"build": build_id}, once=True)
        for build_id, tag in sorted(tagged):
            self._spool.add("koji_tag", {"build": build_id, "tag": tag}, once=True)

    def _believed(self, build_id: int) -> Optional[Build]:
        """The build as the hub has it. None where its transaction, or its part of a multicall, was rolled back, or it is a draft."""
        build = self._koji().build(build_id)
        if build is None or build.get("state") != COMPLETE or build.get("draft"):
            LOG.info("build %d is not complete on the hub", build_id)
            return None
        return build

    def _groups(self, build: Build, facts: Dict[str, str]) -> List[Group]:
        names = [filename_of(rpm) for rpm in self._koji().rpms(int(build["id"]))]
        known_facts = dict(facts, package=package_of(build))
        return group_packages(names, self._rules(facts), known_facts)

    def _rules(self, facts: Dict[str, str]) -> List[Rule]:
        """Those that a tag is named in, where it is about a tag."""
        return [rule for rule in self._config.rules if "tag" not in facts or rule.globs.get("tag")]

    def _complete(self, build: Build, group: Group) -> str:
        arches: Dict[str, Package] = {package.filename: package for package in group.packages.values()}

        def fetch(name: str, to: str) -> None:
            self._koji().fetch(build, name, arches[name].arch, to, self._config.package_bytes)

        said = provenance(build, self._config.web)

        def kernel(_files: Mapping[str, str]) -> Optional[str]:
            return kernel_of(self._koji(), self._config.rules, group, self._koji().rpms(int(build["id"])))

        return complete_build(self._service, group, said, fetch, self._spool.path("tmp"), kernel)


def number_of(entry: Entry, field: str) -> int:
    """An id in an entry. Raises Final `entry-invalid`."""
    value = entry.data.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise Final("entry-invalid", "The entry has no %s." % field)
    return value


def provenance(build: Build, web: Optional[str]) -> Json:
    """What Koji says of a build."""
    build_id = serial(build.get("id"))
    fields = {
        "buildId": build_id,
        "taskId": serial(build.get("task_id")),
        "source": text(build.get("source"), 1024),
    }
    page = None if web is None or build_id is None else "%s/buildinfo?buildID=%d" % (web, build_id)
    return known({"koji": known(fields), "url": page})
