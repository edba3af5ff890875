"""The service as far as a hook sees it, in memory."""

import base64
import hashlib
import json
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

from .support import Reply, Request


def problem(status: int, code: str) -> Reply:
    """A refusal."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": code}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(body).encode()


def answer(status: int, value: Any) -> Reply:
    """JSON."""
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


class Ledger:
    """Builds, artifacts, what is sealed, what is live. `token`, where set, is asked of every request."""

    def __init__(self, token: Optional[str] = None) -> None:
        self.token = token
        self.builds: Dict[Tuple[str, str], Dict[str, Any]] = {}
        self.blobs: Dict[str, int] = {}
        #: Each time that a build entered, those that are live in the order in which they did, and those that left.
        self.live: List[Tuple[str, str]] = []
        self.lives: List[Tuple[str, str]] = []
        self.left: List[Tuple[str, str]] = []
        #: Builds that the token may not take out.
        self.kept: List[str] = []

    def __call__(self, request: Request) -> Reply:
        if self.token is not None and request.headers.get("authorization") != "Bearer %s" % self.token:
            return problem(401, "token-missing")
        url = urlsplit(request.path)
        parts = [unquote(part) for part in url.path.split("/")[2:]]
        if parts[0] == "blobs":
            size = self.blobs.get(parts[1])
            return (404, {}, b"") if size is None else (200, {"Content-Length": str(size)}, b"")
        if parts[0] == "environments":
            query = parse_qs(url.query)
            return self._list(parts[1], query) if request.method == "GET" else self._move(request.method, (parts[1], parts[3]))
        if parts[0] == "builds":
            found = [build for build in self.builds.values() if build["id"] == parts[1]]
            return answer(200, found[0]) if found else problem(404, "build-unknown")
        if parts[0] == "streams":
            return self._write(request, parts)
        return problem(404, "route-unknown")

    def _move(self, method: str, place: Tuple[str, str]) -> Reply:
        if method == "PUT":
            self.live.append(place)
            if place not in self.lives:
                self.lives.append(place)
        elif place[1] in self.kept:
            return problem(403, "token-forbidden")
        elif place in self.lives:
            self.lives.remove(place)
            self.left.append(place)
        return answer(200, {})

    def _list(self, environment: str, query: Dict[str, List[str]]) -> Reply:
        """Pages of two, the latest that entered first."""
        names = {build["id"]: key for key, build in self.builds.items()}
        held = [number for env, number in reversed(self.lives) if env == environment and names[number][0] == query["stream"][0]]
        start = int(query.get("cursor", ["0"])[0])
        items = [
            {"build": {"id": number, "version": names[number][1].rpartition("-")[0], "release": names[number][1].rpartition("-")[2]}}
            for number in held[start : start + 2]
        ]
        return answer(200, {"items": items, "next": str(start + 2) if len(held) > start + 2 else None})

    def _write(self, request: Request, parts: List[str]) -> Reply:
        key = (parts[1], parts[3])
        build = self.builds.get(key)
        if len(parts) == 4 and request.method == "GET":
            return problem(404, "build-unknown") if build is None else answer(200, build)
        if len(parts) == 4:
            said = json.loads(request.body.decode())
            if build is not None:
                return answer(200, build) if build["said"] == said else problem(409, "build-differs")
            version, _, release = parts[3].rpartition("-")
            self.builds[key] = {
                "id": "build-%d" % len(self.builds),
                "version": version,
                "release": release,
                "state": "declared",
                "artifacts": [],
                "said": said,
                "stream": parts[1],
                "provenance": said["provenance"],
                "builtFor": said.get("builtFor"),
            }
            return answer(201, self.builds[key])
        if build is None:
            return problem(404, "build-unknown")
        if parts[4] == "seal":
            build["state"] = "sealed"
            return answer(202, build)
        return self._artifact(request, build, parts[5])

    def _artifact(self, request: Request, build: Dict[str, Any], filename: str) -> Reply:
        field = request.headers.get("content-digest", request.headers.get("repr-digest", ""))
        sha256 = base64.b64decode(field[len("sha-256=:") : -1])
        if "content-digest" in request.headers:
            if hashlib.sha256(request.body).digest() != sha256:
                return problem(422, "digest-mismatch")
            self.blobs[sha256.hex()] = len(request.body)
        elif sha256.hex() not in self.blobs:
            return problem(422, "blob-unknown")
        held = next((item for item in build["artifacts"] if item["filename"] == filename), None)
        if held is not None:
            return answer(200, held) if held["sha256"] == sha256.hex() else problem(409, "build-differs")
        if build["state"] == "sealed":
            return problem(409, "build-sealed")
        build["artifacts"].append({"filename": filename, "sha256": sha256.hex()})
        return answer(201, build["artifacts"][-1])
