"""Which kernel the modules of a package were built with, as what was in their build root tells: never by a guess."""

import fnmatch
import logging
from typing import Callable, Iterable, List, Mapping, NamedTuple, Optional, Sequence

from .errors import Final
from .packages import RELEASE, VERSION, Group, Package, Rule

LOG = logging.getLogger("basedrift")
#: Gives `version-release` of the kernel that the packages of a group were built with, by their names and paths; None where nothing tells.
KernelOf = Callable[[Mapping[str, str]], Optional[str]]
#: Packages that belong to no architecture.
ANY_ARCH = ("", "noarch", "all")


class Untold(Exception):
    """Why nothing tells it."""


class Component(NamedTuple):
    """A package in a build root, and where it came from, as rules sort by it. What is not known of it is empty."""

    name: str
    version: str
    release: str
    arch: str
    facts: Mapping[str, str]


def built_for(group: Group, told: Callable[[], str]) -> Optional[str]:
    """What `told` says of the modules of a group. Where it is Untold, the reason is logged, and none is sent.

    A build with a kernel of its own needs none.
    """
    if group.rule.role != "modules":
        return None
    try:
        kernel = told()
    except Untold as reason:
        LOG.warning("%s %s goes without builtFor: %s", group.build.stream, group.build.vr, reason)
        return None
    LOG.info("%s %s was built for %s", group.build.stream, group.build.vr, kernel)
    return kernel


def pattern_for(rule: Rule, default: str, package: Package) -> str:
    """The glob that names the kernel's package in the build root: `kernel` of the section, with the flavor of a `NAME-kmp-FLAVOR`.

    Raises Untold.
    """
    pattern = rule.kernel or default
    if "{flavor}" not in pattern:
        return pattern
    flavor = package.name.rpartition("-kmp-")[2] if "-kmp-" in package.name else ""
    if not flavor:
        raise Untold("%s names no flavor: set kernel in section [stream %s]" % (package.name, rule.title))
    return pattern.replace("{flavor}", flavor)


def kernel_among(components: Iterable[Component], pattern: str, arch: str) -> Component:
    """The one package of a build root that a glob names. Raises Untold where it is none, or several."""
    found: List[Component] = []
    for one in components:
        if fnmatch.fnmatchcase(one.name, pattern) and (one.arch in ANY_ARCH or one.arch == arch) and one not in found:
            found.append(one)
    if not found:
        raise Untold("there was no %s in its build root" % pattern)
    if len(found) > 1:
        raise Untold("its build root had several: %s" % ", ".join("%s-%s-%s" % one[:3] for one in found[:5]))
    [kernel] = found
    if not VERSION.match(kernel.version) or not RELEASE.match(kernel.release):
        raise Untold("its build root had %s, and is not said to have had which version of it" % kernel.name)
    return kernel


def is_taken(rules: Sequence[Rule], stream: str, kernel: Component, arch: str) -> bool:
    """Whether a section of kernels takes what comes from there into that stream: then its build is in the ledger, or may come."""
    for rule in rules:
        if rule.role != "kernel" or not rule.matches(dict(kernel.facts, arch=arch)):
            continue
        try:
            if rule.build(Package("", kernel.name, kernel.version, kernel.release, arch), kernel.facts).stream == stream:
                return True
        except Final:
            continue
    return False
