import logging
import os
import struct
from typing import Any, Dict, List, Optional
from xml.sax.saxutils import quoteattr

from basedrift_hooks.rpm_header import disturl
from basedrift_obs.api import Place
from basedrift_obs.kernels import source_of

from .support import Heard, Reply
from .test_obs_jobs import PLACE, STREAM, Working, elements

SRCMD5 = "c" * 32
KMP = "teapot-kmp-default-1.0_k5.15.12_1-7.2.x86_64.rpm"
VR = "1.0_k5.15.12_1-7.2.teapot_kmp_default"
SOURCE = "obs://build.example.org/openSUSE:Factory/standard/%s-teapot" % SRCMD5
JOB = {"package": "teapot", "versrel": "1.0-7", "bcnt": "2", "srcmd5": SRCMD5, "code": "succeeded", "endtime": "9"}
EVENT = dict(JOB, project="openSUSE:Factory", repository="standard", arch="x86_64")
DEVEL = {
    "name": "kernel-default-devel",
    "version": "5.15.12",
    "release": "1.3",
    "arch": "x86_64",
    "hdrmd5": "d" * 32,
    "project": "openSUSE:Factory",
    "repository": "standard",
}
GLIBC = dict(DEVEL, name="glibc", version="2.40", release="1.1")


def header(tags: Dict[int, bytes]) -> bytes:
    """A header of an RPM with texts."""
    index, values = b"", b""
    for tag, value in tags.items():
        index += struct.pack(">4I", tag, 6, len(values), 1)
        values += value + b"\0"
    return struct.pack(">4s4x2I", b"\x8e\xad\xe8\x01", len(tags), len(values)) + index + values


def rpm(source: Optional[str] = SOURCE) -> bytes:
    """The beginning of an RPM, whose signature needs padding."""
    signature = header({1000: b"abc"})
    tags = {1000: b"teapot-kmp-default"}
    if source is not None:
        tags[1123] = source.encode()
    return b"\xed\xab\xee\xdb" + bytes(92) + signature + bytes(-len(signature) % 8) + header(tags) + b"payload"


def environment(bdeps: List[Dict[str, str]], **said: Optional[str]) -> Reply:
    """`_buildenv` as OBS has it: the place in attributes, what was built in elements."""
    fields: Dict[str, Optional[str]] = {"srcmd5": SRCMD5, "versrel": "1.0-7", "bcnt": "2", "release": "7.2", "arch": "x86_64"}
    fields.update(said)
    where = {"project": "openSUSE:Factory", "repository": "standard", "package": "teapot"}
    place = {key: fields.pop(key, None) or value for key, value in where.items()}
    attributes = " ".join("%s=%s" % (key, quoteattr(value)) for key, value in place.items())
    inner = "".join("<%s>%s</%s>" % (key, value, key) for key, value in fields.items() if value is not None)
    inner += "<config>Prefer: kernel-default-devel</config>"
    inner += "".join("<bdep %s/>" % " ".join("%s=%s" % (key, quoteattr(value)) for key, value in bdep.items()) for bdep in bdeps)
    return 200, {}, ("<buildinfo %s>%s</buildinfo>" % (attributes, inner)).encode()


class Knowing(Working):
    more = "[stream modules]\nprojects = openSUSE:*\nfiles = *-kmp-* special*\nrole = modules\nname = openSUSE:Factory/{arch}/default\n"

    def setUp(self) -> None:
        super().setUp()
        log = Heard()
        self.said = log.said
        logging.getLogger("basedrift").addHandler(log)
        self.addCleanup(logging.getLogger("basedrift").removeHandler, log)
        self.obs.jobs = [JOB]
        self.holds({KMP: rpm()})
        # What a preinstalled image and a repository both name is one package.
        self.has(environment([GLIBC, DEVEL, DEVEL]))

    def has(self, reply: Reply) -> None:
        self.obs.others["/build/%s/teapot/_buildenv" % PLACE] = reply

    def holds(self, files: Dict[str, bytes]) -> None:
        """What OBS built last."""
        where = "/build/%s/teapot" % PLACE
        listed = [{"filename": name, "size": str(len(data))} for name, data in files.items()]
        self.obs.others[where] = elements("binarylist", "binary", listed)
        for name, data in files.items():
            self.obs.others["%s/%s" % (where, name)] = (200, {}, data)

    def declared(self, vr: str = VR) -> Any:
        return self.ledger.builds[(STREAM, vr)]["said"].get("builtFor")

    def reason(self) -> str:
        [reason] = [said for said in self.said if "goes without builtFor" in said]
        return reason


class OfJobs(Knowing):
    def test_a_kmp_is_built_for_the_kernel_that_was_in_its_build_root(self) -> None:
        self.spool.add("build_success", EVENT)
        self.assertEqual(self.work(), (1, 0, 0))
        self.assertEqual(self.declared(), "5.15.12-1.3")
        self.assertFalse([said for said in self.said if "without builtFor" in said])

    def test_each_flavor_has_the_kernel_of_its_own(self) -> None:
        rt = KMP.replace("-default", "-rt")
        self.holds({KMP: rpm(), rt: rpm()})
        self.has(environment([DEVEL, dict(DEVEL, name="kernel-rt-devel", release="4.1")]))
        self.spool.add("build_success", EVENT)
        self.assertEqual(self.work(), (1, 0, 0))
        self.assertEqual((self.declared(), self.declared(VR.replace("default", "rt"))), ("5.15.12-1.3", "5.15.12-4.1"))
        asked = [asked for asked in self.asked() if asked.endswith("_buildenv")]
        self.assertEqual(len(asked), 1, "a build root is asked for once")

    def test_none_is_sent_where_the_build_root_does_not_tell(self) -> None:
        gone: Reply = (404, {}, b"<status code='404'/>")
        hidden: Reply = (403, {}, b"<status code='403'/>")
        old = {key: value for key, value in DEVEL.items() if key not in ("version", "release")}
        for reply, reason in (
            (environment([GLIBC]), "there was no kernel-default-devel in its build root"),
            (environment([DEVEL, dict(DEVEL, release="1.4")]), "several: kernel-default-devel-5.15.12-1.3, kernel-default-devel-5.15.12-1.4"),
            (environment([dict(DEVEL, arch="s390x")]), "there was no kernel-default-devel"),
            (environment([old]), "is not said to have had which version"),
            (environment([dict(DEVEL, version="5.15 12")]), "is not said to have had which version"),
            (environment([dict(DEVEL, project="home:me")]), "5.15.12-1.3 of home:me/standard, and no section takes kernels of there"),
            # The section of modules takes that project, that of kernels does not.
            (environment([dict(DEVEL, project="openSUSE:Leap")]), "of openSUSE:Leap/standard, and no section"),
            (environment([{key: value for key, value in DEVEL.items() if key != "project"}]), "nothing says where the kernel-default-devel"),
            (environment([DEVEL], bcnt="3"), "that of another job"),
            (environment([DEVEL], srcmd5="e" * 32), "that of another job"),
            (environment([DEVEL], versrel="1.0-8"), "that of another job"),
            (environment([DEVEL], bcnt=None), "that of another job"),
            (environment([DEVEL], project="home:me"), "that of another place"),
            (environment([DEVEL], package="teapot:rt"), "that of another place"),
            (gone, "OBS keeps no build root of openSUSE:Factory/standard/x86_64/teapot"),
            (hidden, "OBS keeps no build root"),
        ):
            with self.subTest(reason):
                self.ledger.builds.clear()
                del self.said[:]
                self.has(reply)
                self.spool.add("build_success", EVENT)
                self.assertEqual(self.work(), (1, 0, 0))
                self.assertIsNone(self.declared())
                self.assertIn(reason, self.reason())

    def test_a_job_that_is_not_told_in_full_is_tied_to_none(self) -> None:
        self.obs.jobs = [{key: value for key, value in JOB.items() if key != "bcnt"}]
        self.has(environment([DEVEL], bcnt=None))
        self.spool.add("build_success", {key: value for key, value in EVENT.items() if key != "bcnt"})
        self.assertEqual((self.work(), self.declared()), ((1, 0, 0), None))

    def test_waits_while_the_api_is_away(self) -> None:
        # A proxy's page is no answer.
        self.has((200, {}, b"<html/>"))
        self.spool.add("build_success", EVENT)
        self.assertEqual((self.work(), self.ledger.builds), ((0, 1, 0), {}))
        self.has(environment([DEVEL]))
        self.assertEqual((self.work(), self.declared()), ((1, 0, 0), "5.15.12-1.3"))

    def test_a_kernel_of_elsewhere_counts_where_the_service_has_that_very_build(self) -> None:
        kernel = dict(DEVEL, project="SUSE:Kernel", repository="GA")
        self.has(environment([kernel]))
        there = {"project": "SUSE:Kernel", "repository": "GA"}
        for provenance, built_for in (({"obs": there}, "5.15.12-1.3"), ({"obs": {"project": "SUSE:Kernel"}}, None), ({}, None)):
            self.ledger.builds.clear()
            self.ledger.builds[(STREAM, "5.15.12-1.3")] = {"id": "kernel", "state": "sealed", "artifacts": [], "provenance": provenance}
            self.spool.add("build_success", EVENT)
            self.assertEqual((self.work(), self.declared()), ((1, 0, 0), built_for))

    def test_what_is_declared_already_stays_as_it_is(self) -> None:
        self.spool.add("build_success", EVENT)
        self.work()
        self.has(environment([dict(DEVEL, release="1.9")]))
        self.spool.add("build_success", EVENT)
        self.assertEqual((self.work(), self.declared()), ((1, 0, 0), "5.15.12-1.3"))

    def test_a_kernel_is_built_for_none(self) -> None:
        self.obs.jobs = [dict(JOB, package="kernel-default")]
        self.obs.built = {"kernel-default-5.15.12-1.3.x86_64.rpm": b"kernel"}
        self.spool.add("build_success", dict(EVENT, package="kernel-default"))
        self.assertEqual(self.work(), (1, 0, 0))
        self.assertEqual((self.declared("5.15.12-1.3"), [asked for asked in self.asked() if "_buildenv" in asked]), (None, []))


class Named(Knowing):
    more = Knowing.more + "kernel = linux-headers-*-cloud-amd64\n"

    def test_a_section_may_name_the_kernels_package(self) -> None:
        headers = dict(DEVEL, name="linux-headers-6.1.0-55-cloud-amd64", version="6.1.192", release="1")
        self.has(environment([headers, dict(headers, name="linux-headers-6.1.0-55-common"), DEVEL]))
        self.holds({"special-1.0-7.2.x86_64.rpm": b""})
        self.spool.add("build_success", EVENT)
        self.assertEqual(self.work(), (1, 0, 0))
        self.assertEqual(self.declared("1.0-7.2.special"), "6.1.192-1")


class Unnamed(Knowing):
    def test_what_is_no_kmp_tells_no_flavor(self) -> None:
        self.holds({"special-1.0-7.2.x86_64.rpm": b""})
        self.spool.add("build_success", EVENT)
        self.assertEqual((self.work(), self.declared("1.0-7.2.special")), ((1, 0, 0), None))
        self.assertIn("special names no flavor: set kernel in section [stream modules]", self.reason())


class Publishing(Knowing):
    def publish(self, content: bytes = rpm(), name: str = KMP) -> None:
        """As the hook notes it."""
        folder = os.path.join(os.path.dirname(self.spool.folder), "repo")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
        self.spool.add("published", {"prp": "openSUSE:Factory/standard", "folder": folder, "files": [{"path": name, "link": None}]})


class OfPublished(Publishing):
    def test_what_the_hook_noted_is_tied_to_its_build(self) -> None:
        self.publish()
        self.assertEqual((self.work(), self.declared()), ((1, 0, 0), "5.15.12-1.3"))

    def test_what_a_listing_found_is_tied_to_its_build(self) -> None:
        self.obs.published = {KMP: rpm()}
        self.spool.add("repo_published", {"project": "openSUSE:Factory", "repo": "standard"})
        self.assertEqual((self.work(), self.declared()), ((1, 0, 0), "5.15.12-1.3"))

    def test_what_was_built_anew_since_is_not_mixed_up(self) -> None:
        another = environment([dict(DEVEL, release="1.9")], bcnt="3", release="7.3")
        uncounted = environment([DEVEL], bcnt="1")
        for content, reply, reason in (
            (rpm(), another, "is not that of this very package"),
            (rpm(), uncounted, "is not that of this very package"),
            (rpm(), environment([DEVEL], bcnt=None), "is not that of this very package"),
            (rpm(), environment([DEVEL], release=None), "is not that of this very package"),
            (rpm(SOURCE.replace("cc", "dd")), environment([DEVEL]), "is not that of this very package"),
            (rpm() + b"more", environment([DEVEL]), "does not hold this very package"),
            (rpm(None), environment([DEVEL]), "does not say which sources"),
            (b"", environment([DEVEL]), "does not say which sources"),
            (rpm("obs://a/../standard/%s-teapot" % SRCMD5), environment([DEVEL]), "does not say which sources"),
        ):
            with self.subTest(reason):
                self.ledger.builds.clear()
                del self.said[:]
                self.has(reply)
                self.publish(content)
                self.assertEqual(self.work(), (1, 0, 0))
                self.assertIsNone(self.declared())
                self.assertIn(reason, self.reason())

    def test_a_package_that_is_no_rpm_names_no_sources(self) -> None:
        name = "special_1.0-7.2_amd64.deb"
        self.publish(b"deb", name)
        self.assertEqual(self.work(), (1, 0, 0))
        self.assertIn("does not say which sources", self.reason())


class Alone(Publishing):
    """On the server that publishes, without an API."""

    api = ""

    def test_nothing_tells_it(self) -> None:
        self.publish()
        self.assertEqual((self.work(), self.declared(), self.asked()), ((1, 0, 0), None, []))
        self.assertIn("without api in [obs]", self.reason())


class Headers(Knowing):
    def test_reads_where_a_package_comes_from(self) -> None:
        path = os.path.join(os.path.dirname(self.spool.folder), "a.rpm")

        def of(content: bytes) -> Optional[str]:
            with open(path, "wb") as file:
                file.write(content)
            return disturl(path)

        whole = rpm()
        self.assertEqual(of(whole), SOURCE)
        end = whole.index(SOURCE.encode()) + len(SOURCE)
        for length in range(0, end, 3):
            self.assertIsNone(of(whole[:length]))
        self.assertIsNone(of(rpm("obs://\xe9/a/b/c")))
        self.assertIsNone(of(rpm("x" * 5000)))
        self.assertIsNone(disturl("/nowhere"))
        huge = whole[:96] + struct.pack(">4s4x2I", b"\x8e\xad\xe8\x01", 2**31, 2**31) + whole[112:]
        self.assertIsNone(of(huge))
        of(rpm("obs://build.example.org/a:b/standard/%s-teapot:rt" % SRCMD5))
        source = source_of(path, "aarch64")
        self.assertEqual(source, (Place("a:b", "standard", "aarch64", "teapot:rt"), SRCMD5))
