import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
from typing import List, Optional

from basedrift_hooks.client import Service, digest_file, serial, text
from basedrift_hooks.config import ServiceConfig, read_config, read_secret, service_config
from basedrift_hooks.errors import Final, HookError, Passing
from basedrift_hooks.http import Http
from basedrift_hooks.packages import Build, Group, Package, Rule
from basedrift_hooks.send import complete_build, for_each, mark_live, send_build

from .ledger import Ledger, problem
from .support import Reply, Request, Server

BUILD = Build("openSUSE:Factory/x86_64/default", "5.15.12", "1.3")
RULE = Rule("default", {}, ["*"], "kernel", "s", "factory")


def group_of(*names: str) -> Group:
    return Group(BUILD, RULE, {name: Package(name, name, "1", "1", "x86_64") for name in names})


class Talking(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.pauses: List[float] = []

    def file(self, name: str, content: bytes, mode: int = 0o600) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    def http(self, server: Server) -> Http:
        return Http(server.url, {"Authorization": "Bearer t0ken"}, 10, sleep=self.pauses.append)

    def service(self, server: Server) -> Service:
        return Service(ServiceConfig(server.url, None, None, 10), self.http(server))

    def serve(self, script: "Ledger") -> Server:
        server = Server(script)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server


class Sending(Talking):
    def test_declares_uploads_seals_and_marks_live(self) -> None:
        ledger = Ledger("t0ken")
        server = self.serve(ledger)
        service = self.service(server)
        files = {"a.rpm": self.file("a", b"kernel"), "b.rpm": self.file("b", b"modules" * 500000)}
        for _ in range(2):
            mark_live(service, group_of("a.rpm", "b.rpm"), send_build(service, group_of("a.rpm", "b.rpm"), files, {"url": "u"}))
        (build,) = ledger.builds.values()
        self.assertEqual((build["state"], build["said"]), ("sealed", {"provenance": {"url": "u"}}))
        self.assertEqual({item["filename"] for item in build["artifacts"]}, {"a.rpm", "b.rpm"})
        self.assertEqual(ledger.live, [("factory", "build-0")] * 2)
        bodies = [request for request in server.requests if len(request.body) > 1000]
        self.assertEqual(len(bodies), 1, "the second time only digests were sent")
        path = "/v1/streams/openSUSE%3AFactory%2Fx86_64%2Fdefault/builds/5.15.12-1.3"
        self.assertIn("PUT %s/artifacts/a.rpm" % path, server.asked())

    def test_keeps_the_provenance_of_whoever_came_first(self) -> None:
        ledger = Ledger()
        service = self.service(self.serve(ledger))
        service.declare(BUILD, {"obs": {"bcnt": 3}})
        send_build(service, group_of("a.rpm"), {"a.rpm": self.file("a", b"1")}, {"url": "other"})
        (build,) = ledger.builds.values()
        self.assertEqual((build["said"], build["state"]), ({"provenance": {"obs": {"bcnt": 3}}}, "sealed"))

    def test_what_comes_after_the_seal_is_a_build_of_its_own(self) -> None:
        ledger = Ledger()
        service = self.service(self.serve(ledger))
        send_build(service, group_of("a"), {"kernel-default-5.15.12-1.3.x86_64.rpm": self.file("a", b"1")}, {})
        late = {"kernel-default-extra-5.15.12-1.3.x86_64.rpm": self.file("b", b"2")}
        for _ in range(2):
            send_build(service, group_of("b"), late, {})
        other = ledger.builds[(BUILD.stream, "5.15.12-1.3.kernel_default_extra")]
        self.assertEqual((other["state"], other["said"]["builtFor"]), ("sealed", "5.15.12-1.3"))
        self.assertEqual(len(ledger.builds), 2)

    def test_what_comes_after_the_seal_of_modules_was_built_for_their_kernel(self) -> None:
        for kernel in ("5.15.12-1.1", None):
            ledger = Ledger()
            service = self.service(self.serve(ledger))
            group = group_of("a")._replace(rule=RULE._replace(role="modules"))
            send_build(service, group, {"a-kmp.rpm": self.file("a", b"1")}, {}, lambda _: kernel)
            send_build(service, group, {"b-kmp.rpm": self.file("b", b"2")}, {}, lambda _: "5.15.12-1.2")
            (late,) = [build["said"] for (_, vr), build in ledger.builds.items() if vr != BUILD.vr]
            self.assertEqual(late.get("builtFor"), kernel)

    def test_what_came_late_of_modules_is_live_where_they_are(self) -> None:
        for role, live in (("modules", ["build-0", "build-1"]), ("kernel", ["build-0"])):
            ledger = Ledger()
            service = self.service(self.serve(ledger))
            group = group_of("a-kmp.rpm", "b-kmp.rpm", "c-kmp.rpm")._replace(rule=RULE._replace(role=role))
            send_build(service, group, {"a-kmp.rpm": self.file("a", b"1")}, {})
            number = send_build(service, group, {"b-kmp.rpm": self.file("b", b"2")}, {})
            mark_live(service, group, number)
            self.assertEqual(ledger.live, [("factory", one) for one in live])

    def test_fetches_what_came_late_once(self) -> None:
        service = self.service(self.serve(Ledger()))
        fetched: List[str] = []

        def fetch(name: str, to: str) -> None:
            fetched.append(name)
            self.file(to, name.encode())

        for names in (["a.rpm"], ["a.rpm", "b.rpm"], ["a.rpm", "b.rpm"]):
            complete_build(service, group_of(*names), {}, fetch, self.folder)
        self.assertEqual(fetched, ["a.rpm", "b.rpm"])

    def test_other_content_under_a_name_is_final(self) -> None:
        service = self.service(self.serve(Ledger()))
        send_build(service, group_of("a"), {"a.rpm": self.file("a", b"1")}, {})
        with self.assertRaises(Final) as caught:
            send_build(service, group_of("a"), {"a.rpm": self.file("b", b"2")}, {})
        self.assertEqual(caught.exception.code, "build-differs")

    def test_a_package_that_went_is_final(self) -> None:
        with self.assertRaises(Final) as caught:
            send_build(self.service(self.serve(Ledger())), group_of("a"), {"a.rpm": "/nowhere"}, {})
        self.assertEqual(caught.exception.code, "file-gone")

    def test_one_group_stops_no_other(self) -> None:
        done: List[str] = []

        def act(group: Group) -> None:
            done.append(next(iter(group.packages)))
            raise Passing("b", "", alarm=done[-1] == "4") if done[-1] in ("2", "4") else Final("a", "")

        with self.assertRaises(Passing):
            for_each([group_of("1"), group_of("2"), group_of("3")], act)
        self.assertEqual(done, ["1", "2", "3"])
        with self.assertRaises(Passing) as caught:
            for_each([group_of("2"), group_of("4")], act)
        self.assertTrue(caught.exception.alarm, "an alarm is not hidden by what just passes")


class Transport(Talking):
    def replies(self, *replies: Reply) -> Server:
        left = list(replies)

        class Scripted(Ledger):
            def __call__(self, request: Request) -> Reply:
                return left.pop(0) if len(left) > 1 else left[0]

        return self.serve(Scripted())

    def failure(self, server: Server, method: str = "GET") -> HookError:
        with self.assertRaises(HookError) as caught:
            self.http(server).send(method, "/v1/x")
        return caught.exception

    def test_repeats_what_passes(self) -> None:
        server = self.replies(problem(503, "server-closing"), (429, {"Retry-After": "7"}, b""), (200, {}, b"{}"))
        self.assertEqual(self.http(server).send("GET", "/v1/x").body, b"{}")
        self.assertTrue(0.4 < self.pauses[0] < 1.6 and self.pauses[1] == 7.0, self.pauses)
        self.assertEqual({request.headers["authorization"] for request in server.requests}, {"Bearer t0ken"})

    def test_leaves_a_long_wait_to_the_spool(self) -> None:
        error = self.failure(self.replies((429, {"Retry-After": "600"}, b"")))
        self.assertTrue(isinstance(error, Passing) and error.after == 600.0 and self.pauses == [], error)

    def test_gives_up_after_a_few(self) -> None:
        server = self.replies(problem(500, "internal"))
        error = self.failure(server)
        self.assertTrue(isinstance(error, Passing) and error.code == "internal", error)
        self.assertEqual((len(server.requests), len(self.pauses)), (4, 3))

    def test_a_refusal_is_final_and_asked_once(self) -> None:
        server = self.replies(problem(422, "request-malformed"))
        error = self.failure(server, "PUT")
        self.assertTrue(isinstance(error, Final) and error.code == "request-malformed", error)
        self.assertEqual(len(server.requests), 1)

    def test_a_token_may_be_mended(self) -> None:
        error = self.failure(self.replies(problem(403, "token-forbidden")))
        self.assertTrue(isinstance(error, Passing) and error.code == "token-refused", error)

    def test_follows_no_redirect(self) -> None:
        with Server(Ledger()) as other:
            error = self.failure(self.replies((302, {"Location": other.url + "/v1/x"}, b"")))
            self.assertTrue(isinstance(error, Passing) and other.requests == [], error)

    def test_only_the_service_itself_refuses_for_good(self) -> None:
        page = (404, {"Content-Type": "text/plain"}, b"default backend - 404")
        alike = (404, {"Content-Type": "application/json"}, b'{"code": "build-unknown", "detail": "d"}')
        large = (413, {"Content-Type": "text/html"}, b"<html>413</html>")
        bare = (404, {"Content-Type": "application/problem+json"}, b"[]")
        replies: List[Reply] = [page, alike, large, (405, {}, b""), bare]
        for reply in replies:
            server = self.replies(reply)
            error = self.failure(server, "PUT")
            self.assertTrue(isinstance(error, Passing) and error.code == "answer-foreign", error)
            self.assertEqual(len(server.requests), 1, "left to the spool")

    def test_a_proxy_does_not_say_what_was_declared(self) -> None:
        service = self.service(self.replies((404, {"Content-Type": "text/plain"}, b"default backend - 404")))
        with self.assertRaises(Passing) as caught:
            service.find(BUILD)
        self.assertEqual(caught.exception.code, "answer-foreign")
        self.assertIsNone(self.service(self.replies(problem(404, "build-unknown"))).find(BUILD))

    def test_a_limit_of_what_is_live_passes_once_somebody_makes_room(self) -> None:
        server = self.replies(problem(409, "live-limit"))
        error = self.failure(server, "PUT")
        self.assertTrue(isinstance(error, Passing) and error.alarm and len(server.requests) == 1, error)

    def test_takes_no_answer_without_end(self) -> None:
        server = self.replies((200, {}, b"x" * 2000))
        with self.assertRaises(Final) as caught:
            self.http(server).send("GET", "/v1/x", most=1999)
        self.assertEqual(caught.exception.code, "answer-too-large")

    def test_an_answer_that_ends_early_is_fetched_again_from_its_start(self) -> None:
        server = self.replies((200, {"Content-Length": "6"}, b"abc"), (200, {}, b"abcdef"))
        into = io.BytesIO()
        self.http(server).send("GET", "/v1/x", into=into)
        self.assertEqual(into.getvalue(), b"abcdef")

    def test_hears_a_server_that_answers_before_all_is_sent(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0)) if hasattr(socket, "create_server") else socket.socket()
        if not hasattr(socket, "create_server"):
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)

        def refuse() -> None:
            peer, _ = listener.accept()
            peer.recv(1000)
            body = json.dumps({"code": "body-too-large", "detail": "d", "status": 413}).encode()
            head = b"HTTP/1.1 413 X\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            peer.sendall(head % len(body) + body)
            # The rest is read, as the service does, so that the answer is not lost to a reset.
            peer.settimeout(5)
            while peer.recv(1 << 16):
                pass
            peer.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        self.addCleanup(listener.close)
        with open(self.file("a", b"x" * 4000000), "rb") as file:
            http = Http("http://127.0.0.1:%d" % listener.getsockname()[1], {}, 10)
            with self.assertRaises(Final) as caught:
                http.send("PUT", "/v1/x", {"Content-Length": "4000000"}, file=file)
        thread.join()
        self.assertEqual(caught.exception.code, "body-too-large")

    def test_a_server_that_is_away_is_passing(self) -> None:
        with Server(Ledger()) as server:
            pass
        error = self.failure(server)
        self.assertTrue(isinstance(error, Passing) and error.code == "server-unreachable", error)

    @unittest.skipUnless(shutil.which("openssl"), "there is no openssl")
    def test_an_untrusted_certificate_gets_no_token(self) -> None:
        key = os.path.join(self.folder, "key.pem")
        made = subprocess.run(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
            "-keyout".split() + [key, "-out", key + ".crt"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if made.returncode != 0:
            self.skipTest("openssl makes no certificate")
        with Server(Ledger("t0ken"), certificate=(key + ".crt", key)) as server:
            url = server.url.replace("127.0.0.1", "localhost")
            with self.assertRaises(Passing) as caught:
                Http(url, {}, 10).send("GET", "/v1/x")
            self.assertEqual((caught.exception.code, server.requests), ("certificate-refused", []))
            Http(url, {"Authorization": "Bearer t0ken"}, 10, key + ".crt").send("HEAD", "/v1/blobs/x", expect=(404,))
            with self.assertRaises(Passing) as other:
                Http(server.url, {}, 10, key + ".crt").send("GET", "/v1/x")
            self.assertEqual(other.exception.code, "certificate-refused", "another name than that of the certificate")

    def test_a_page_of_a_proxy_is_no_answer(self) -> None:
        with self.assertRaises(Passing) as caught:
            self.service(self.replies((200, {}, b"<html>sign in</html>"))).declare(BUILD, {})
        self.assertEqual(caught.exception.code, "answer-invalid")


class Configured(Talking):
    def config(self, url: str, token_file: Optional[str] = None) -> str:
        token = "" if token_file is None else "token_file = %s\n" % token_file
        return self.file("obs.conf", ("[service]\nurl = %s\n%s" % (url, token)).encode())

    def test_reads_a_token_that_only_its_owner_can(self) -> None:
        token = self.file("token", b"bd_secret\n")
        config = service_config(read_config(self.config("https://basedrift.example.org/", token)))
        self.assertEqual(config, ("https://basedrift.example.org", "bd_secret", None, 60))

    def test_refuses_secrets_that_others_see(self) -> None:
        for mode in (0o644, 0o604, 0o660):
            with self.assertRaises(Final) as caught:
                read_secret(self.file("token", b"t", mode))
            self.assertEqual(caught.exception.code, "secret-exposed")
        self.assertEqual(read_secret(self.file("token", b"t", 0o640)), "t")

    def test_refuses_what_is_no_secret(self) -> None:
        for content in (b"", b"\n", b"a\nb", b"a\r\nX-Header: b", b"\xff", b"x" * 5000):
            with self.assertRaises(Final) as caught:
                read_secret(self.file("token", content))
            self.assertEqual(caught.exception.code, "secret-unreadable")

    def test_a_token_goes_over_https_or_stays_here(self) -> None:
        token = self.file("token", b"t")
        with self.assertRaises(Final) as caught:
            service_config(read_config(self.config("http://basedrift.example.org", token)))
        self.assertEqual(caught.exception.code, "config-invalid")
        self.assertEqual(service_config(read_config(self.config("http://127.0.0.1:8080", token))).token, "t")

    def test_refuses_addresses_that_are_none(self) -> None:
        for url in ("ftp://a", "basedrift", "https://u:p@a", "https://a?b=c"):
            with self.assertRaises(Final):
                service_config(read_config(self.config(url)))

    def test_what_the_service_would_refuse_is_cleaned(self) -> None:
        self.assertEqual(text("a\0b\nc\ud800d\xe9", 10), "abcd\xe9")
        self.assertEqual((text("", 5), text(None, 5), text("abcdef", 3), text(3, 5)), (None, None, "abc", "3"))
        self.assertEqual((serial("12"), serial("x"), serial(-1), serial(2**60), serial(True)), (12, None, None, None, None))

    def test_a_digest_is_that_of_rfc_9530(self) -> None:
        digest = digest_file(self.file("a", b'{"hello": "world"}\n'))
        self.assertEqual(digest.field, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:")
