"""Names of package files, and the rules that say which of them go where. Names are data: any characters at all."""

import configparser
import fnmatch
import re
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .config import number, option, required, words
from .errors import Final

#: What the service takes as the name of a file, a version, a release and a stream.
FILENAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+~^:@%=,()-]{0,254}\Z")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~^:-]{0,127}\Z")
RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~^:]{0,127}\Z")
STREAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:+~@=,-]*(/[A-Za-z0-9_][A-Za-z0-9._:+~@=,-]*){0,7}\Z")

ROLES = ("kernel", "modules")
#: Packages that hold no kernel and no module that is loaded.
IDLE = re.compile(r"-(debuginfo|debugsource|debuginfo-common|devel|doc|docs|dbg|dbgsym|headers|source)(-|\Z)")


class Package(NamedTuple):
    """A package file, taken apart by its name."""

    filename: str
    name: str
    version: str
    release: str
    arch: str


def parse_package(path: str) -> Optional[Package]:
    """Takes the name of a binary package apart: `NAME-VERSION-RELEASE.ARCH.rpm`, `NAME_VERSION-RELEASE_ARCH.deb`.

    None for anything else: sources, packages without a release, names that the service does not take.
    """
    filename = path.rsplit("/", 1)[-1]
    if not FILENAME.match(filename):
        return None
    if filename.endswith(".rpm"):
        stem, _, arch = filename[:-4].rpartition(".")
        parts = stem.rsplit("-", 2)
        if arch in ("src", "nosrc", ""):
            return None
    elif filename.endswith(".deb"):
        name, _, rest = filename[:-4].partition("_")
        vr, _, arch = rest.partition("_")
        # An epoch is not part of the file's name; archives that keep it write `%3a`.
        version, _, release = vr.rpartition("-")
        parts = [name, re.sub(r"^[0-9]+(%3[aA]|:)", "", version), release]
    else:
        return None
    if len(parts) != 3 or not all(parts) or not arch:
        return None
    if not VERSION.match(parts[1]) or not RELEASE.match(parts[2]):
        return None
    return Package(filename, parts[0], parts[1], parts[2], arch)


class Build(NamedTuple):
    """A build as the service names it."""

    stream: str
    version: str
    release: str

    @property
    def vr(self) -> str:
        """`version-release`."""
        return "%s-%s" % (self.version, self.release)


class Rule(NamedTuple):
    """One section `[stream …]`: which packages make up the builds of a stream, where they go live, and for how long.

    `keep` builds that were replaced stay live, and each for `grace` seconds; None of both: until a person lets them leave. `kernel` is
    a glob for the package in the build root of modules that tells which kernel they were built with, None for the default.
    """

    title: str
    globs: Mapping[str, Sequence[str]]
    files: Sequence[str]
    role: str
    name: str
    environment: Optional[str]
    keep: Optional[int] = None
    grace: Optional[float] = None
    kernel: Optional[str] = None

    def matches(self, facts: Mapping[str, str]) -> bool:
        """Whether every known fact of that name fits one of the globs. A fact that nobody knows does not count."""
        return all(
            any(fnmatch.fnmatchcase(facts[fact], glob) for glob in globs)
            for fact, globs in self.globs.items()
            if globs and fact in facts
        )

    def takes(self, package: Package, facts: Mapping[str, str]) -> bool:
        """Whether a package belongs to this stream."""
        if IDLE.search(package.name) or not self.matches(dict(facts, arch=package.arch)):
            return False
        return any(fnmatch.fnmatchcase(package.filename, glob) for glob in self.files)

    def build(self, package: Package, facts: Mapping[str, str]) -> Build:
        """The build that a package is part of. A module package names itself in the release: others may have the same version.

        Raises Final `name-refused`.
        """
        known = dict(facts, arch=package.arch)
        # In one pass: what comes from outside is not looked at for more of it, and is one word.
        stream = re.sub(r"\{(\w+)\}", lambda found: known.get(found.group(1), "").replace("/", " "), self.name)
        release = package.release
        if self.role == "modules":
            release = "%s.%s" % (release, re.sub(r"[^A-Za-z0-9._+~^:]", "_", package.name))
        if len(stream) > 200 or not STREAM.match(stream):
            raise Final("name-refused", "[stream %s] makes no name of a stream: %s" % (self.title, stream[:200]))
        return Build(stream, package.version, release[:128])


def read_rules(parser: configparser.ConfigParser, facts: Mapping[str, str]) -> List[Rule]:
    """All sections `[stream …]`. `facts` says by which option a fact's globs are given, as in `{'projects': 'project'}`.

    Raises Final `config-incomplete` or `config-invalid`.
    """
    rules: List[Rule] = []
    for section in parser.sections():
        if not section.startswith("stream "):
            continue
        role = option(parser, section, "role") or "kernel"
        if role not in ROLES:
            raise Final("config-invalid", "role in section [%s] is one of: %s." % (section, ", ".join(ROLES)))
        files = words(parser, section, "files")
        if not files:
            raise Final("config-incomplete", "Set files in section [%s]: globs of file names." % section)
        globs: Dict[str, List[str]] = {fact: words(parser, section, name) for name, fact in facts.items()}
        keep, grace = read_retention(parser, section)
        kernel = option(parser, section, "kernel")
        if kernel is not None and role != "modules":
            raise Final("config-invalid", "kernel in section [%s] is about modules: it goes with role = modules." % section)
        rules.append(
            Rule(
                section[len("stream ") :].strip(),
                globs,
                files,
                role,
                required(parser, section, "name"),
                option(parser, section, "environment"),
                keep,
                grace,
                kernel,
            )
        )
    if not rules:
        raise Final("config-incomplete", "Add a section [stream NAME]: nothing says which packages are meant.")
    return rules


def read_retention(parser: configparser.ConfigParser, section: str) -> Tuple[Optional[int], Optional[float]]:
    """`keep` (a number) and `grace` (days, given in seconds) of a section.

    Raises Final `config-invalid`, or `config-incomplete` where they are about no environment.
    """
    keep = grace = None
    if option(parser, section, "keep") is not None:
        wanted = number(parser, section, "keep", 0, 1, 500)
        if wanted != int(wanted):
            raise Final("config-invalid", "keep in section [%s] is a number of builds." % section)
        keep = int(wanted)
    if option(parser, section, "grace") is not None:
        grace = number(parser, section, "grace", 0, 0.01, 3650) * 24 * 3600
    if (keep is not None or grace is not None) and option(parser, section, "environment") is None:
        raise Final("config-incomplete", "Set environment in section [%s]: keep and grace are about what is live there." % section)
    return keep, grace


def named(rule: Rule, fact: str) -> List[str]:
    """The globs of a fact that are names: what can be asked for."""
    return [glob for glob in rule.globs.get(fact, ()) if not set(glob) & set("*?[")]


class Group(NamedTuple):
    """The packages of one build, each with the path or name that it was found under."""

    build: Build
    rule: Rule
    packages: Dict[str, Package]


def group_packages(paths: Sequence[str], rules: Sequence[Rule], facts: Mapping[str, str]) -> List[Group]:
    """Sorts packages into builds: each goes where the first rule that takes it says. The rest is left out."""
    groups: Dict[Build, Group] = {}
    for path in sorted(paths):
        package = parse_package(path)
        if package is None:
            continue
        rule = next((rule for rule in rules if rule.takes(package, facts)), None)
        if rule is None:
            continue
        build = rule.build(package, facts)
        groups.setdefault(build, Group(build, rule, {})).packages[path] = package
    return list(groups.values())
