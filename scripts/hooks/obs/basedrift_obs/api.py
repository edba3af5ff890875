"""What the API of an Open Build Service lists and gives: built and published packages, and the history of jobs."""

import base64
from typing import Dict, List, Mapping, NamedTuple, Optional
from urllib.parse import quote
from xml.etree import ElementTree

from basedrift_hooks.errors import Final, Passing
from basedrift_hooks.http import Answer, Http
from basedrift_hooks.kernels import Component

#: Entries of a listing that are taken.
LISTED = 200000
#: Jobs of a package that are looked at: enough to find one that a message told of.
JOBS = 20
#: Packages of a build root that are taken: far more than any has.
COMPONENTS = 20000
#: What is taken of what a `_buildenv` says of the build itself.
ENVIRONMENT = ("project", "repository", "arch", "package", "srcmd5", "verifymd5", "versrel", "bcnt", "release")


class Place(NamedTuple):
    """Where a package is built."""

    project: str
    repository: str
    arch: str
    package: str


class Environment(NamedTuple):
    """A build root, as `_buildenv` has it: what was built in it, and the packages that were there."""

    said: Mapping[str, str]
    components: List[Component]


class Obs:
    """The API at `url`: as a user with a password, or the public part without."""

    def __init__(self, url: str, user: Optional[str], password: Optional[str], timeout: float, ca_file: Optional[str]) -> None:
        headers = {"User-Agent": "basedrift-hooks"}
        if user is not None and password is not None:
            pair = base64.b64encode(("%s:%s" % (user, password)).encode("utf-8")).decode("ascii")
            headers["Authorization"] = "Basic %s" % pair
        self._http = Http(url, headers, timeout, ca_file)

    def greet(self) -> None:
        """Asks for something that every user may read."""
        parse(self._http.send("GET", "/about"), "about")

    def jobs(self, place: Place) -> List[Mapping[str, str]]:
        """The last jobs of a package, oldest first: `versrel`, `bcnt`, `srcmd5`, `verifymd5`, `reason`, `code` …"""
        folder = joined(*place).rpartition("/")[0]
        path = "/build/%s/_jobhistory?limit=%d&package=%s" % (folder, JOBS, quote(place.package, safe=""))
        root = parse(self._http.send("GET", path), "jobhistlist")
        return [dict(job.attrib) for job in root.findall("jobhist")[-JOBS:]]

    def built(self, place: Place) -> Dict[str, int]:
        """The files that a package was built to, with their sizes in bytes."""
        root = parse(self._http.send("GET", "/build/%s" % joined(*place)), "binarylist")
        files: Dict[str, int] = {}
        for binary in root.findall("binary")[:LISTED]:
            size = binary.get("size", "")
            if size.isdigit():
                files[binary.get("filename", "")] = int(size)
        return files

    def environment(self, place: Place) -> Optional[Environment]:
        """The build root of the build whose packages a place has; None where it is not kept, or is not for this user."""
        answer = self._http.send("GET", "/build/%s" % joined(*place, "_buildenv"), expect=(400, 403, 404))
        return environment_of(parse(answer, "buildinfo")) if answer.status == 200 else None

    def published(self, *place: str) -> List[str]:
        """Names in a folder of a published repository: its architectures, or the packages of one."""
        answer = self._http.send("GET", "/published/%s" % joined(*place), expect=(404,))
        if answer.status == 404:
            return []
        return [entry.get("name", "") for entry in parse(answer, "directory").findall("entry")[:LISTED]]

    def fetch_built(self, place: Place, filename: str, to: str, most: int) -> None:
        """Fetches a built file of at most `most` bytes into the file `to`."""
        self._fetch("/build/%s" % joined(*place, filename), to, most)

    def fetch_published(self, project: str, repository: str, arch: str, filename: str, to: str, most: int) -> None:
        """Fetches a published file of at most `most` bytes into the file `to`."""
        self._fetch("/published/%s" % joined(project, repository, arch, filename), to, most)

    def _fetch(self, path: str, to: str, most: int) -> None:
        try:
            with open(to, "wb") as file:
                self._http.send("GET", path, into=file, most=most)
        except OSError as error:
            raise Passing("fetch-failed", "%s cannot be written: %s" % (to, error)) from error


def environment_of(root: ElementTree.Element) -> Environment:
    """What a `_buildenv` says. Older ones do not name the versions of packages."""
    said = {key: root.get(key) or root.findtext(key) or "" for key in ENVIRONMENT}
    components = []
    for one in root.findall("bdep")[:COMPONENTS]:
        facts = {key: one.get(key, "") for key in ("project", "repository") if one.get(key)}
        components.append(Component(one.get("name", ""), one.get("version", ""), one.get("release", ""), one.get("arch", ""), facts))
    return Environment({key: value for key, value in said.items() if value}, components)


def joined(*names: str) -> str:
    """Names as segments of a path. Raises Final for those that would be another path."""
    if any(name in ("", ".", "..") for name in names):
        raise Final("name-refused", "%r is no path of the API." % (names,))
    return "/".join(quote(name, safe=":") for name in names)


def parse(answer: Answer, name: str) -> ElementTree.Element:
    """The document of an answer. Raises Passing where it is none: a page of a proxy, or cut off."""
    # No document of this API declares anything; one that does could expand without end.
    if b"<!DOCTYPE" in answer.body or b"<!ENTITY" in answer.body:
        raise Passing("answer-invalid", "The answer is not one of an Open Build Service: look at api in section [obs].")
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError as error:
        raise Passing("answer-invalid", "The answer is no XML: %s" % error) from error
    if root.tag != name:
        raise Passing("answer-invalid", "The answer is <%s>, not <%s>." % (root.tag, name))
    return root
