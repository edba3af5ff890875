"""From packages to a sealed build that is live: the same for every build system."""

import logging
import os
import tempfile
from typing import Callable, Dict, Iterable, List, Mapping, Optional

from .client import Json, Service
from .errors import Final, HookError, Passing
from .kernels import KernelOf
from .packages import Build, Group, parse_package
from .spool import FETCHED

LOG = logging.getLogger("basedrift")
OPEN = ("declared", "open")
#: Packages of one build that are fetched.
PACKAGES = 200


def send_build(
    service: Service, group: Group, files: Mapping[str, str], provenance: Json, kernel_of: Optional[KernelOf] = None
) -> str:
    """Declares the build of a group unless it is there, uploads `files` (name → path), seals it. Gives its id.

    A build that was declared before keeps its provenance, and what it was built for: whoever came first may know more, and anything
    else would be refused. What comes after the seal and was not part of the build is a module build of its own, made for its kernel.
    """
    build = service.find(group.build)
    if build is None:
        kernel = None if kernel_of is None else kernel_of(files)
        build = service.declare(group.build, provenance, kernel)
    held = {artifact.get("filename") for artifact in build.get("artifacts", [])}
    late = {} if build.get("state") in OPEN else {name: path for name, path in files.items() if name not in held}
    for name in sorted(files):
        if name not in late:
            sent = service.put(group.build, name, files[name])
            LOG.info("%s %s: %s %s", group.build.stream, group.build.vr, name, "uploaded" if sent else "known already")
    if build.get("state") in OPEN:
        service.seal(group.build)
    # A kernel's modules were built for it, what belongs to modules for what they were.
    made_for = build.get("builtFor") if group.rule.role == "modules" else group.build.vr
    for name in sorted(late):
        send_late(service, group.build, name, late[name], provenance, made_for)
    return str(build["id"])


def complete_build(
    service: Service,
    group: Group,
    said: Json,
    fetch: Callable[[str, str], None],
    folder: str,
    kernel_of: Optional[KernelOf] = None,
) -> str:
    """Sees to it that the service has all packages of a group, and fetches what it lacks, by `fetch(name, to)`, into `folder`.

    Gives the build's id. Raises Final `too-many-packages`.
    """
    if len(group.packages) > PACKAGES:
        raise Final("too-many-packages", "%s has more than %d packages." % (group.build.vr, PACKAGES))
    found = service.find(group.build)
    held = set() if found is None else {artifact.get("filename") for artifact in found.get("artifacts", [])}
    names = {package.filename for package in group.packages.values()}
    lacking = sorted(names - held)
    if found is not None and found.get("state") not in OPEN:
        lacking = [name for name in lacking if not holds(service.find(late_build(group.build, name)), name)]
        if not lacking:
            return str(found["id"])
    with tempfile.TemporaryDirectory(dir=folder, prefix=FETCHED) as work:
        files: Dict[str, str] = {}
        for name in lacking:
            files[name] = os.path.join(work, name)
            fetch(name, files[name])
        return send_build(service, group, files, said, kernel_of)


def late_build(owner: Build, filename: str) -> Build:
    """What a package becomes that comes when the build that it belongs to is sealed."""
    package = parse_package(filename)
    word = "late" if package is None else package.name.replace("-", "_")
    return Build(owner.stream, owner.version, ("%s.%s" % (owner.release, word))[:128])


def late_of(service: Service, group: Group) -> List[str]:
    """Ids of the builds of those packages of modules that came when the build of their group was sealed.

    Those of a kernel are looked at with it, as they were built for it.
    """
    if group.rule.role != "modules":
        return []
    owner = service.find(group.build)
    held = set() if owner is None else {artifact.get("filename") for artifact in owner.get("artifacts", [])}
    names = sorted({package.filename for package in group.packages.values()} - held)
    builds = ((name, service.find(late_build(group.build, name))) for name in names)
    return [str(build["id"]) for name, build in builds if build is not None and holds(build, name)]


def holds(build: Optional[Json], filename: str) -> bool:
    """Whether a build has a package, and is sealed."""
    if build is None or build.get("state") in OPEN:
        return False
    return any(artifact.get("filename") == filename for artifact in build.get("artifacts", []))


def send_late(service: Service, owner: Build, filename: str, path: str, provenance: Json, made_for: Optional[str]) -> None:
    """A module package that came when the build that it belongs to was sealed; `made_for` names its kernel."""
    build = late_build(owner, filename)
    found = service.find(build)
    declared = found if found is not None else service.declare(build, provenance, built_for=made_for)
    service.put(build, filename, path)
    if declared.get("state") in OPEN:
        service.seal(build)
    LOG.info("%s %s: %s came late, as a module build", build.stream, build.vr, filename)


def for_each(groups: Iterable[Group], act: Callable[[Group], object]) -> None:
    """Does it for every group, also after one has failed.

    Raises the worst of what failed.
    """
    failures: List[HookError] = []
    for group in groups:
        try:
            act(group)
        except HookError as error:
            LOG.warning("%s %s: %s", group.build.stream, group.build.vr, error)
            failures.append(error)
    if failures:
        raise worst(failures)


def worst(failures: List[HookError]) -> HookError:
    """Which of several failures decides: one in passing before what is final, since then the whole is tried again, and an alarm first."""
    return min(failures, key=lambda error: (not isinstance(error, Passing), not error.alarm))


def mark_live(service: Service, group: Group, build_id: str) -> Optional[str]:
    """Marks a build live where its rule names an environment, and with it what came of it after its seal; gives the environment."""
    environment = group.rule.environment
    if environment is not None:
        for number in [build_id] + late_of(service, group):
            service.set_live(environment, number)
        LOG.info("%s %s is live in %s", group.build.stream, group.build.vr, environment)
    return environment
