"""The calls of the service that a hook makes."""

import base64
import hashlib
import json
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple, cast
from urllib.parse import quote

from . import http
from .config import ServiceConfig
from .errors import Final, Passing
from .packages import Build

Json = Dict[str, Any]

#: Most bytes of a package, as the service takes them by default.
ARTIFACT_BYTES = 4 * 1024 * 1024 * 1024
#: Pages that a listing of what is live may have: far more than the 512 builds that may be live fill.
LIVE_PAGES = 512


class Digest(NamedTuple):
    """SHA-256 and size of a file."""

    sha256: bytes
    size: int

    @property
    def field(self) -> str:
        """As `Content-Digest` has it (RFC 9530)."""
        return "sha-256=:%s:" % base64.b64encode(self.sha256).decode("ascii")


def digest_file(path: str) -> Digest:
    """Reads a file for its digest. Raises Final `file-gone` or `file-too-large`."""
    sha = hashlib.sha256()
    size = 0
    try:
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(http.CHUNK), b""):
                sha.update(chunk)
                size += len(chunk)
                if size > ARTIFACT_BYTES:
                    raise Final("file-too-large", "%s has more than %d bytes." % (path, ARTIFACT_BYTES))
    except OSError as error:
        raise Final("file-gone", "%s cannot be read: %s" % (path, error)) from error
    return Digest(sha.digest(), size)


class Service:
    """The service. Every call may end in Passing or Final, and every write may be repeated."""

    def __init__(self, config: ServiceConfig, transport: Optional[http.Http] = None) -> None:
        headers = {"Accept": "application/json", "User-Agent": "basedrift-hooks"}
        if config.token is not None:
            headers["Authorization"] = "Bearer %s" % config.token
        self._http = transport or http.Http(config.url, headers, config.timeout, config.ca_file)

    def find(self, build: Build) -> Optional[Json]:
        """The build with its artifacts, or None where it was not declared."""
        answer = self._http.send("GET", path_of(build), expect=(404,))
        if answer.status != 404:
            return parse(answer)
        if http.problem_of(answer) is None:
            raise http.refusal(answer, "GET %s" % path_of(build))
        return None

    def declare(self, build: Build, provenance: Json, built_for: Optional[str] = None) -> Json:
        """Declares a build; the same again gives it as it is."""
        body: Json = {"provenance": provenance}
        if built_for is not None:
            body["builtFor"] = built_for
        headers = {"Content-Type": "application/json"}
        return parse(self._http.send("PUT", path_of(build), headers, json.dumps(body).encode("ascii")))

    def put(self, build: Build, filename: str, path: str) -> bool:
        """Uploads a file, or only names it where the service has it; says whether bytes were sent."""
        digest = digest_file(path)
        target = "%s/artifacts/%s" % (path_of(build), quote(filename, safe=""))
        known = self._http.send("HEAD", "/v1/blobs/%s" % digest.sha256.hex(), expect=(404,))
        if known.status == 200 and known.headers.get("content-length") == str(digest.size):
            if self._http.send("PUT", target, {"Repr-Digest": digest.field}, expect=(422,)).status != 422:
                return False
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(digest.size),
            "Content-Digest": digest.field,
        }
        try:
            with open(path, "rb") as file:
                if os.fstat(file.fileno()).st_size != digest.size:
                    raise Passing("file-changed", "%s changed while it was sent." % path)
                self._http.send("PUT", target, headers, file=file)
        except FileNotFoundError as error:
            raise Final("file-gone", "%s cannot be read: %s" % (path, error)) from error
        return True

    def seal(self, build: Build) -> Json:
        """Says that nothing more will come."""
        return parse(self._http.send("POST", "%s/seal" % path_of(build)))

    def set_live(self, environment: str, build_id: str) -> None:
        """Records that machines of an environment run a build."""
        self._http.send("PUT", "%s/%s" % (live_of(environment), quote(build_id, safe="")))

    def leave(self, environment: str, build_id: str) -> None:
        """Records that no machine of an environment runs a build any more. It takes the scope `waive`."""
        answer = self._http.send("DELETE", "%s/%s" % (live_of(environment), quote(build_id, safe="")), expect=(404,))
        if answer.status == 404 and http.problem_of(answer) is None:
            raise http.refusal(answer, "DELETE %s" % live_of(environment))

    def live(self, environment: str, stream: str) -> List[Tuple[str, str, str]]:
        """Id, version and release of the builds of a stream that are live in an environment, the latest that entered first."""
        found: List[Tuple[str, str, str]] = []
        cursor: Optional[str] = None
        for _ in range(LIVE_PAGES):
            more = "" if cursor is None else "&cursor=%s" % quote(cursor, safe="")
            page = parse(self._http.send("GET", "%s?stream=%s&limit=200%s" % (live_of(environment), quote(stream, safe=""), more)))
            for item in page.get("items", []):
                build = item["build"]
                found.append((str(build["id"]), str(build["version"]), str(build["release"])))
            cursor = page.get("next")
            if cursor is None:
                return found
        raise Passing("answer-invalid", "What is live in %s comes in more than %d pages." % (environment, LIVE_PAGES))

    def greet(self, reads: bool = False) -> None:
        """Asks for what takes a token with the scope `ingest`, and with `reads` for what takes `read`, too. It changes nothing.

        Raises Passing: `token-refused`, or `answer-foreign` where something else answers.
        """
        nobody = "/v1/builds/00000000-0000-0000-0000-000000000000"
        answer = self._http.send("GET", nobody, expect=(404,))
        if http.problem_of(answer) is None:
            raise Passing("answer-foreign", "%s is not answered by the service: look at url in section [service]." % nobody)
        if self._http.send("HEAD", "/v1/blobs/%s" % ("0" * 64), expect=(403, 404)).status == 403:
            raise Passing("token-refused", "The token lacks the scope ingest.", alarm=True)
        if reads:
            parse(self._http.send("GET", "/v1/environments?limit=1"))

    def build(self, build_id: str) -> Json:
        """A build by its id."""
        return parse(self._http.send("GET", "/v1/builds/%s" % quote(build_id, safe="")))


def live_of(environment: str) -> str:
    """Path of what is live in an environment."""
    return "/v1/environments/%s/live" % quote(environment, safe="")


def path_of(build: Build) -> str:
    """Path of a build by its name."""
    return "/v1/streams/%s/builds/%s" % (quote(build.stream, safe=""), quote(build.vr, safe=""))


def parse(answer: http.Answer) -> Json:
    """The JSON object of an answer. Raises Passing: a proxy's page is no answer of the service."""
    try:
        value: Any = json.loads(answer.body.decode("utf-8"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Passing("answer-invalid", "The answer is not one of the service: look at url in section [service].")
    return cast(Json, value)


def text(value: object, most: int) -> Optional[str]:
    """What the service takes as text: no control characters, no half surrogates, cut to `most`; None where nothing is left."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return None
    clean = "".join(char for char in str(value) if char.isprintable() and not "\ud800" <= char <= "\udfff")
    return clean[:most] or None


def serial(value: object) -> Optional[int]:
    """What the service takes as a number of another system."""
    if isinstance(value, str) and value.isdigit() and len(value) < 16:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def known(fields: Mapping[str, object]) -> Json:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
