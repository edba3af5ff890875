"""Which kernel the KMPs of an entry were built with, from `_buildenv`: what OBS keeps beside the packages of the last build."""

import os
import re
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional

from basedrift_hooks.client import Service
from basedrift_hooks.kernels import Component, Untold, built_for, is_taken, kernel_among, pattern_for
from basedrift_hooks.packages import Build, Group, Package, Rule
from basedrift_hooks.rpm_header import disturl

from .api import Environment, Obs, Place

#: The package of SUSE's kernels that their modules are built with: of one spec with the kernel, so of its version and release.
KERNEL = "kernel-{flavor}-devel"
#: Where a package says that it comes from.
DISTURL = re.compile(r"obs://[^/]+/([^/.][^/]*)/([^/.][^/]*)/([0-9a-f]{32})-([^/.][^/]*)\Z")
#: What names a build of a package: all of it has to be the same for an environment to be that build's.
JOB = ("versrel", "bcnt", "srcmd5")


class Source(NamedTuple):
    """Where a published package was built, and from what."""

    place: Place
    srcmd5: str


class Kernels:
    """Asks for each build root once. Without an `api`, which is made when the first package needs it, it knows of none."""

    def __init__(self, api: Optional[Callable[[], Obs]], service: Service, rules: List[Rule]) -> None:
        self._api = api
        self._service = service
        self._rules = rules
        self._environments: Dict[Place, Optional[Environment]] = {}

    def of_job(self, group: Group, place: Place, job: Mapping[str, str]) -> Optional[str]:
        """For packages that a job built."""

        def told() -> str:
            environment = self._environment(place)
            if any(not job.get(key) or environment.said.get(key) != job[key] for key in JOB):
                raise Untold("the build root that is kept is that of another job")
            return self._kernel(group, environment)

        return built_for(group, told)

    def of_published(self, group: Group, files: Mapping[str, str]) -> Optional[str]:
        """For packages, by name and path, that were found in a published repository: their headers name their sources."""

        def told() -> str:
            kernels = {self._of_file(group, package, files) for package in group.packages.values()}
            if len(kernels) > 1:
                raise Untold("its packages were built with several kernels: %s" % ", ".join(sorted(kernels)))
            return kernels.pop()

        return built_for(group, told)

    def _of_file(self, group: Group, package: Package, files: Mapping[str, str]) -> str:
        if self._api is None:
            raise Untold("without api in [obs] nothing tells which kernel it was built with")
        if package.filename not in files:
            raise Untold("its package is not at hand")
        source = source_of(files[package.filename], package.arch)
        if source is None:
            raise Untold("its package does not say which sources it was built from")
        environment = self._environment(source.place)
        # A rebuild has a counter of its own, as the last part of the release. Without one in the package's name it could be any.
        counted = "." + environment.said.get("bcnt", "")
        same = environment.said.get("srcmd5") == source.srcmd5 and environment.said.get("release") == package.release
        if not same or counted == "." or not package.release.endswith(counted):
            raise Untold("the build root that is kept is not that of this very package")
        if self._api().built(source.place).get(package.filename) != os.path.getsize(files[package.filename]):
            raise Untold("OBS does not hold this very package as what it built last")
        return self._kernel(group, environment)

    def _environment(self, place: Place) -> Environment:
        if place not in self._environments:
            self._environments[place] = None if self._api is None else self._api().environment(place)
        environment = self._environments[place]
        if environment is None:
            raise Untold("OBS keeps no build root of %s" % "/".join(place))
        # What was copied from another place says so.
        if any(environment.said.get(key, value) != value for key, value in place._asdict().items()):
            raise Untold("the build root that %s has is that of another place" % "/".join(place))
        return environment

    def _kernel(self, group: Group, environment: Environment) -> str:
        package = next(iter(group.packages.values()))
        kernel = kernel_among(environment.components, pattern_for(group.rule, KERNEL, package), package.arch)
        if len(kernel.facts) < 2:
            raise Untold("nothing says where the %s in its build root came from" % kernel.name)
        build = Build(group.build.stream, kernel.version, kernel.release)
        if not is_taken(self._rules, build.stream, kernel, package.arch) and not self._has(build, kernel):
            where = "%s/%s" % (kernel.facts["project"], kernel.facts["repository"])
            raise Untold("it was built with %s of %s, and no section takes kernels of there into its stream" % (build.vr, where))
        return build.vr

    def _has(self, build: Build, kernel: Component) -> bool:
        """Whether the service has this very kernel's build: others may have its version and release elsewhere."""
        found = self._service.find(build)
        said = ((found or {}).get("provenance") or {}).get("obs") or {}
        return all(said.get(key) == value for key, value in kernel.facts.items())


def source_of(path: str, arch: str) -> Optional[Source]:
    """Where the RPM at `path` says that it was built; None where it does not."""
    found = DISTURL.match(disturl(path) or "")
    if found is None:
        return None
    project, repository, srcmd5, package = found.groups()
    return Source(Place(project, repository, arch, package), srcmd5)
