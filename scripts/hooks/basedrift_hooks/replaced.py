"""Which builds leave an environment: those that were replaced where they had been published, once their rule allows it."""

import json
import logging
import os
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, cast

from .client import Json, Service
from .errors import HookError, Passing
from .packages import Build, Group, Package, Rule, parse_package
from .send import worst

LOG = logging.getLogger("basedrift")


class Listing(NamedTuple):
    """What a repository, or a tag, holds now.

    `place` names it, `entry` is what has it listed again, `facts` are those that its packages were sorted by, and `provenance` is what the
    builds that came from there say at least.
    """

    place: str
    entry: Mapping[str, object]
    facts: Mapping[str, str]
    groups: Sequence[Group]
    provenance: Mapping[str, Mapping[str, object]]


class Memory:
    """A file with what every place held when it was last listed, and since when live builds are in none of them.

    What is lost of it begins again: builds stay longer then, and never shorter.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        #: By place: what has it listed again, and the builds that it held, as `STREAM VERSION-RELEASE`.
        self.places: Dict[str, Tuple[Json, Set[str]]] = {}
        #: By environment, stream and id of a build: seconds since 1970.
        self.since: Dict[str, float] = {}
        try:
            with open(path, encoding="ascii") as file:
                content: Any = json.load(file)
            self.places = {str(key): (dict(entry), {str(one) for one in held}) for key, (entry, held) in content["places"].items()}
            self.since = {str(key): float(value) for key, value in content["since"].items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            LOG.error("%s cannot be read, so that replaced builds stay live for longer: %s", path, error)
            self.places, self.since = {}, {}

    def save(self) -> None:
        """Raises Passing `spool-unwritable`."""
        places = {key: [entry, sorted(held)] for key, (entry, held) in self.places.items()}
        staged = self._path + ".new"
        try:
            with open(staged, "w", encoding="ascii") as file:
                json.dump({"places": places, "since": self.since}, file)
            os.rename(staged, self._path)
        except OSError as error:
            raise Passing("spool-unwritable", "%s cannot be written: %s" % (self._path, error)) from error


class Replaced(NamedTuple):
    """A live build that no place holds any more, and since when (seconds since 1970)."""

    id: str
    build: Build
    since: float


def retains(rule: Rule) -> bool:
    """Whether builds of a rule leave by themselves."""
    return rule.environment is not None and (rule.keep is not None or rule.grace is not None)


def let_leave(service: Service, rules: Sequence[Rule], listing: Listing, memory: Memory, now: float) -> None:
    """Lets those builds leave that were replaced at the place of a listing, after all of the others that may. `now` in seconds since 1970.

    What is held anywhere stays, and so does the build of each kernel, and of each package of modules, that entered last: a machine
    that has it gets nothing newer. Where a place holds no build of a rule, nothing of that rule leaves: it may be about to be filled.
    Raises what failed, after all that did not.
    """
    memory.places[listing.place] = (dict(listing.entry), {key_of(group.build) for group in listing.groups})
    leaving: List[Tuple[str, Replaced]] = []
    for rule in rules:
        if rule.environment is None or not retains(rule):
            continue
        for stream in sorted({group.build.stream for group in listing.groups if group.rule is rule}):
            replaced = replaced_of(service, rules, rule, stream, listing, memory, now)
            leaving.extend((rule.environment, one) for one in may_leave(rule, replaced, now))
    memory.save()
    failures: List[HookError] = []
    for environment, one in leaving:
        try:
            service.leave(environment, one.id)
            days = (now - one.since) / 86400
            LOG.warning("%s %s left %s: it was replaced %.1f days ago", one.build.stream, one.build.vr, environment, days)
        except HookError as error:
            LOG.warning("%s %s does not leave %s: %s", one.build.stream, one.build.vr, environment, error)
            failures.append(error)
    if failures:
        raise worst(failures)


def key_of(build: Build) -> str:
    """A build in the memory."""
    return "%s %s" % (build.stream, build.vr)


def replaced_of(
    service: Service, rules: Sequence[Rule], rule: Rule, stream: str, listing: Listing, memory: Memory, now: float
) -> Dict[str, List[Replaced]]:
    """The live builds of a stream that are a rule's own, came from this place, and are held nowhere now: by line, the last replaced first.

    A line is all kernels, or all builds of one package of modules: those that replace each other.
    """
    environment = rule.environment or ""
    held = {key for _, keys in memory.places.values() for key in keys}
    lines = {group.build: line_of(rule, group.packages.values()) for group in listing.groups if group.rule is rule}
    found: Dict[str, List[Replaced]] = {}
    newest: Set[str] = set()
    live: Set[str] = set()
    for number, version, release in service.live(environment, stream):
        build = Build(stream, version, release)
        key = "%s %s %s" % (environment, stream, number)
        live.add(key)
        # One that is held here has no need to be looked at.
        line = lines.get(build)
        if line is None:
            line = line_in(service.build(number), build, rules, rule, listing)
        if line is None:
            continue
        if key_of(build) in held or line not in newest:
            newest.add(line)
            memory.since.pop(key, None)
            continue
        found.setdefault(line, []).append(Replaced(number, build, memory.since.setdefault(key, now)))
    for key in [key for key in memory.since if key.startswith("%s %s " % (environment, stream)) and key not in live]:
        del memory.since[key]
    return {line: sorted(several, key=lambda one: -one.since) for line, several in found.items()}


def line_of(rule: Rule, packages: Iterable[Package]) -> Optional[str]:
    """Which builds of a rule replace each other: all kernels, or those of one package of modules."""
    names = sorted({package.name for package in packages})
    return "" if rule.role == "kernel" else (names[0] if names else None)


def line_in(described: Json, build: Build, rules: Sequence[Rule], rule: Rule, listing: Listing) -> Optional[str]:
    """The line of a build as the service describes it; None where it is not of this rule, or did not come from this place."""
    provenance = cast(Mapping[str, Any], described.get("provenance") or {})
    for system, facts in listing.provenance.items():
        said = provenance.get(system)
        if not isinstance(said, dict) or any(said.get(name) != value for name, value in facts.items()):
            return None
    packages = []
    for artifact in described.get("artifacts", []):
        package = parse_package(str(artifact.get("filename")))
        if package is None or next((one for one in rules if one.takes(package, listing.facts)), None) is not rule:
            continue
        if rule.build(package, listing.facts) == build:
            packages.append(package)
    return line_of(rule, packages) if packages else None


def may_leave(rule: Rule, replaced: Mapping[str, Sequence[Replaced]], now: float) -> List[Replaced]:
    """Those that a rule lets go: beyond the number that it keeps of each line, and after its grace."""
    beyond = [one for line in replaced.values() for one in line[rule.keep or 0 :]]
    return [one for one in beyond if rule.grace is None or now - one.since >= rule.grace]
