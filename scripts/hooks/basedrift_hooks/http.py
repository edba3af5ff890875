"""HTTP for the hooks: one origin, bounded answers, verified TLS, no redirects, a few repetitions of what passes."""

import base64
import http.client
import json
import random
import ssl
import time
from typing import Any, BinaryIO, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from .errors import Final, HookError, Passing

#: Most bytes of an answer that is kept in memory.
ANSWER_BYTES = 32 * 1024 * 1024
#: Most seconds that a `Retry-After` is obeyed on the spot; a longer one is left to the spool.
PATIENCE = 30.0
#: Statuses of a server, or of a proxy before it, that are not about this request.
PASSING = (408, 425, 429, 500, 502, 503, 504, 507)
#: The operator can mend these without the request changing: a token that expired, a scope that lacks.
MENDABLE = (401, 403)
#: What the service refuses until somebody makes room.
ALARMS = ("live-limit",)
CHUNK = 1 << 20


class Answer(NamedTuple):
    """Status, headers with names in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def seconds_to_wait(header: Optional[str]) -> float:
    """`Retry-After` in seconds; 0 where there is none, or it is a date."""
    return float(header) if header is not None and header.isdigit() and len(header) < 7 else 0.0


class Http:
    """An origin that is asked one thing after the other.

    `headers` go with each request. Proxies are taken from the environment as curl takes them.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout: float,
        ca_file: Optional[str] = None,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        self._https = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._https else 80)
        self._prefix = parts.path.rstrip("/")
        self._headers = dict(headers)
        self._timeout = timeout
        self._attempts = attempts
        self._sleep = sleep
        self._context = ssl.create_default_context(cafile=ca_file) if self._https else None

    def _connect(self) -> http.client.HTTPConnection:
        scheme = "https" if self._https else "http"
        proxy = None if proxy_bypass(self._host) else getproxies().get(scheme)
        if self._context is not None:
            if proxy is None:
                return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)
            via = urlsplit(proxy if "//" in proxy else "//" + proxy)
            connection = http.client.HTTPSConnection(
                via.hostname or "", via.port or 3128, timeout=self._timeout, context=self._context
            )
            credentials: Dict[str, str] = {}
            if via.username is not None:
                pair = "%s:%s" % (via.username, via.password or "")
                credentials["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            connection.set_tunnel(self._host, self._port, credentials)
            return connection
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def send(
        self,
        method: str,
        path: str,
        headers: Optional[Mapping[str, str]] = None,
        body: Optional[bytes] = None,
        file: Optional[BinaryIO] = None,
        into: Optional[BinaryIO] = None,
        most: int = ANSWER_BYTES,
        expect: Tuple[int, ...] = (),
    ) -> Answer:
        """One request, repeated while it fails in passing. `file` is sent from its start; an answer of 200 is written to `into`.

        Statuses from 300 on end in an error, but for those in `expect`.
        Raises Passing where it did not help to repeat it, Final where it cannot help.
        """
        last = Passing("server-unreachable", "nothing was tried")
        for attempt in range(self._attempts):
            if attempt > 0:
                pause = max(last.after, min(30.0, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.5))
                if pause > PATIENCE:
                    break
                self._sleep(pause)
            try:
                return self._once(method, path, headers or {}, body, file, into, most, expect)
            except Passing as error:
                last = error
                if error.code == "answer-foreign" or error.alarm:
                    break
        raise last

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Optional[bytes],
        file: Optional[BinaryIO],
        into: Optional[BinaryIO],
        most: int,
        expect: Tuple[int, ...],
    ) -> Answer:
        where = "%s %s" % (method, path)
        if into is not None:
            into.seek(0)
            into.truncate()
        connection = self._connect()
        try:
            connection.putrequest(method, self._prefix + path, skip_accept_encoding=True)
            for name, value in list(self._headers.items()) + list(headers.items()):
                connection.putheader(name, value)
            if file is None and method in ("PUT", "POST", "DELETE"):
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            if file is not None:
                self._stream(connection, file)
            response = connection.getresponse()
            return self._read(response, where, into, most, expect)
        except (ssl.CertificateError, ssl.SSLError) as error:
            raise self._distrust(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise Passing("server-unreachable", "%s at %s: %s" % (where, self._host, error or type(error).__name__)) from error
        finally:
            connection.close()

    def _distrust(self, error: Exception) -> Passing:
        # Python 3.6 has no error of its own for a certificate that does not verify.
        if isinstance(error, ssl.CertificateError) or getattr(error, "reason", "") == "CERTIFICATE_VERIFY_FAILED":
            message = "The certificate of %s is not trusted: %s" % (self._host, error)
            return Passing("certificate-refused", message, 300.0, alarm=True)
        return Passing("server-unreachable", "%s: %s" % (self._host, error))

    @staticmethod
    def _stream(connection: http.client.HTTPConnection, file: BinaryIO) -> None:
        file.seek(0)
        try:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                connection.send(chunk)
        except (BrokenPipeError, ConnectionResetError):
            # The server has answered before all of it came; what it says is read.
            pass

    @staticmethod
    def _read(
        response: http.client.HTTPResponse, where: str, into: Optional[BinaryIO], most: int, expect: Tuple[int, ...]
    ) -> Answer:
        headers = {name.lower(): value for name, value in response.getheaders()}
        wanted = response.status < 300
        parts: List[bytes] = []
        size = 0
        limit = most if wanted else ANSWER_BYTES
        for chunk in iter(lambda: response.read(CHUNK), b""):
            size += len(chunk)
            if size > limit and not wanted:
                raise Passing("answer-foreign", "%s: %d with more than %d bytes." % (where, response.status, limit))
            if size > limit:
                raise Final("answer-too-large", "%s gave more than %d bytes." % (where, limit))
            if wanted and into is not None:
                into.write(chunk)
            else:
                parts.append(chunk)
        length = headers.get("content-length", "")
        # A body that ends early is no error to http.client when it is read in pieces.
        if where[:4] != "HEAD" and length.isdigit() and size < int(length):
            raise Passing("server-unreachable", "%s: the answer ended after %d of %s bytes." % (where, size, length))
        answer = Answer(response.status, headers, b"".join(parts))
        if wanted or response.status in expect:
            return answer
        raise refusal(answer, where)


def problem_of(answer: Answer) -> Optional[Tuple[str, str]]:
    """Code and detail of a refusal by the service itself (RFC 9457); None for the answer of anything before it."""
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/problem+json":
        return None
    try:
        problem: Any = json.loads(answer.body.decode("utf-8"))
    except ValueError:
        return None
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return None
    return str(problem["code"])[:64], str(problem.get("detail", ""))[:500]


def refusal(answer: Answer, where: str) -> HookError:
    """The error that an answer from 300 on stands for. Only the service itself can refuse for good: a proxy knows nothing of it."""
    problem = problem_of(answer)
    code, detail = problem or ("answer-refused", "status %d" % answer.status)
    message = "%s: %d %s" % (where, answer.status, detail)
    if answer.status in MENDABLE:
        return Passing("token-refused", message, 300.0, alarm=True)
    if answer.status in PASSING:
        return Passing(code, message, seconds_to_wait(answer.headers.get("retry-after")))
    if problem is None:
        return Passing("answer-foreign", "%s, which is no answer of the service itself" % message)
    if code in ALARMS:
        return Passing(code, message, alarm=True)
    return Final(code, message)
