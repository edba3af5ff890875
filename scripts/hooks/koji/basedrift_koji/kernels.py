"""Which kernel the modules of a build were built with, from what the hub lists of their build roots."""

from typing import Any, List, Mapping, Optional

from basedrift_hooks.kernels import Untold, built_for, is_taken, kernel_among, pattern_for
from basedrift_hooks.packages import Build, Group, Package, Rule

from .api import Koji, package_of

#: The package of Fedora's kernels that modules are built with: of one build with the kernel.
KERNEL = "kernel-devel"


def kernel_of(koji: Koji, rules: List[Rule], group: Group, rpms: List[Mapping[str, Any]]) -> Optional[str]:
    """`version-release` of the kernel that a group of packages was built with; `rpms` are those of its build on the hub."""
    roots = {filename_of(rpm): rpm.get("buildroot_id") for rpm in rpms}

    def told() -> str:
        kernels = {kernel_for(koji, rules, group, package, roots.get(package.filename)) for package in group.packages.values()}
        if len(kernels) > 1:
            raise Untold("its packages were built with several kernels: %s" % ", ".join(sorted(kernels)))
        return kernels.pop()

    return built_for(group, told)


def kernel_for(koji: Koji, rules: List[Rule], group: Group, package: Package, root: Any) -> str:
    """The same for one package and the id of its build root. Raises Untold."""
    if not isinstance(root, int):
        raise Untold("it was not built on this hub")
    kernel = kernel_among(koji.components(root), pattern_for(group.rule, KERNEL, package), package.arch)
    build = Build(group.build.stream, kernel.version, kernel.release)
    if "external" in kernel.facts:
        raise Untold("it was built with %s of the external repository %s, which may be any build" % (build.vr, kernel.facts["external"]))
    source = koji.build(int(kernel.facts["build"]))
    if source is None:
        raise Untold("the hub does not know the build of the %s in its build root" % kernel.name)
    if not is_taken(rules, build.stream, kernel._replace(facts={"package": package_of(source)}), package.arch):
        raise Untold("it was built with %s of %s, and no section takes its kernels into its stream" % (build.vr, package_of(source)))
    return build.vr


def filename_of(rpm: Mapping[str, Any]) -> str:
    """The name of its file."""
    return "%(name)s-%(version)s-%(release)s.%(arch)s.rpm" % rpm
