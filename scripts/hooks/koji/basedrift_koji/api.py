"""What a Koji hub is asked, by XML-RPC without a session: all of it is public there."""

import os
import re
import xmlrpc.client
from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import quote

from basedrift_hooks.errors import Final, Passing
from basedrift_hooks.http import Http
from basedrift_hooks.kernels import Component

#: The hub is offline, or asks for the same again: `faultCode` of ServerOffline and RetryError.
PASSING_FAULTS = (1014, 1009)
#: States of a build.
COMPLETE = 1
#: A name in a path of the volume.
NAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+~^@%=-]*\Z")

Build = Mapping[str, Any]


class Koji:
    """The hub at `hub`, and its packages below `topdir`, or else at `topurl`."""

    def __init__(self, hub: str, topdir: Optional[str], topurl: Optional[str], timeout: float, ca_file: Optional[str]) -> None:
        agent = {"User-Agent": "basedrift-hooks"}
        self._hub = Http(hub, agent, timeout, ca_file)
        self._topdir = topdir
        self._packages = None if topurl is None else Http(topurl, agent, timeout, ca_file)

    def _call(self, method: str, *arguments: object, **options: object) -> Any:
        # The hub takes named arguments as a last one that is marked so.
        given: Tuple[Any, ...] = arguments + ((dict(options, __starstar=True),) if options else ())
        body = xmlrpc.client.dumps(given, method, allow_none=True).encode("utf-8")
        answer = self._hub.send("POST", "", {"Content-Type": "text/xml"}, body)
        # No answer declares anything; one that does could expand without end.
        if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
            raise Passing("answer-invalid", "The answer is not one of a Koji hub: look at hub in section [koji].")
        try:
            (value,), _ = xmlrpc.client.loads(answer.body.decode("utf-8"))
        except xmlrpc.client.Fault as fault:
            message = "%s: %s" % (method, str(fault.faultString)[:500])
            if fault.faultCode in PASSING_FAULTS:
                raise Passing("hub-offline", message) from fault
            raise Final("hub-refused", message) from fault
        except Exception as error:
            # The parser of the library ends in many ways on what is no XML-RPC.
            raise Passing("answer-invalid", "The answer to %s is no XML-RPC: %s" % (method, error)) from error
        return value

    def greet(self) -> None:
        """Asks for what every hub tells everybody, and looks whether the volume is there. Raises Passing `volume-away`."""
        self._call("getAPIVersion")
        if self._topdir is not None and not os.path.isdir(os.path.join(self._topdir, "packages")):
            raise Passing("volume-away", "%s has no folder packages: look at topdir in section [koji]." % self._topdir)

    def build(self, build_id: int) -> Optional[Build]:
        """A build; None where there is none of that id."""
        found = self._call("getBuild", build_id)
        return found if isinstance(found, dict) else None

    def rpms(self, build_id: int) -> List[Mapping[str, Any]]:
        """The RPMs of a build."""
        return items(self._call("listBuildRPMs", build_id))

    def components(self, buildroot_id: int) -> List[Component]:
        """The RPMs that were in a build root: `build` or `external`, the repository, tells where each came from."""
        found: List[Component] = []
        for rpm in items(self._call("listRPMs", componentBuildrootID=buildroot_id)):
            name, version, release, arch = (str(rpm.get(key) or "") for key in ("name", "version", "release", "arch"))
            external = rpm.get("external_repo_id") or not isinstance(rpm.get("build_id"), int)
            facts = {"external": str(rpm.get("external_repo_name"))} if external else {"build": str(rpm["build_id"])}
            found.append(Component(name, version, release, arch, facts))
        return found

    def tags(self, build_id: int) -> List[str]:
        """Names of the tags that a build has now."""
        return [str(tag.get("name")) for tag in items(self._call("listTags", build_id))]

    def completed(self, package: str, after: float, limit: int) -> List[Build]:
        """The builds of a package that were completed since `after` (seconds since 1970), newest first."""
        options: Dict[str, Any] = {"order": "-build_id", "limit": limit}
        found = self._call("listBuilds", packageID=package, state=COMPLETE, completeAfter=after, queryOpts=options)
        return items(found)

    def tagged(self, tag: str, package: str, latest: int) -> List[Build]:
        """The latest builds of a package that have a tag now; none where there is no such tag."""
        return items(self._call("listTagged", tag, package=package, latest=latest, strict=False))

    def fetch(self, build: Build, filename: str, arch: str, to: str, most: int) -> None:
        """Gets an RPM of a build as the file `to`: fetched, or a link to where the volume is mounted.

        Raises Final `name-refused` or `file-too-large`, Passing `file-gone`: a volume can be away.
        """
        parts = ["packages", str(build.get("name")), str(build.get("version")), str(build.get("release")), arch, filename]
        volume = build.get("volume_name")
        if volume not in (None, "DEFAULT"):
            parts = ["vol", str(volume)] + parts
        if not all(NAME.match(part) for part in parts):
            raise Final("name-refused", "%r is no path of a volume." % parts)
        if self._topdir is None and self._packages is not None:
            with open(to, "wb") as file:
                self._packages.send("GET", "/" + "/".join(quote(part) for part in parts), into=file, most=most)
            return
        path = os.path.join(self._topdir or "", *parts)
        try:
            if os.path.getsize(path) > most:
                raise Final("file-too-large", "%s has more than %d bytes: raise package_bytes in [koji]." % (path, most))
            os.symlink(path, to)
        except OSError as error:
            raise Passing("file-gone", "%s cannot be read: %s" % (path, error)) from error


def package_of(build: Build) -> str:
    """The package of a build: what a hub lists has either name for it."""
    return str(build.get("package_name") or build.get("name"))


def items(value: Any) -> List[Mapping[str, Any]]:
    """The dictionaries of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
