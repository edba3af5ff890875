import logging
import os
from typing import Any, Dict

from .support import Heard
from .test_koji_jobs import STREAM, Working, build_of

VR = "1.0-2.fc43.kmod_teapot"
DEVEL = {"name": "kernel-devel", "version": "6.17.8", "release": "300.fc43", "arch": "x86_64", "build_id": 1, "external_repo_id": 0}
GLIBC = dict(DEVEL, name="glibc", version="2.42", release="4.fc43", build_id=5)


class BuildRoots(Working):
    more = "[stream kmods]\npackages = teapot\narches = x86_64\nfiles = kmod-*\nrole = modules\nname = Fedora:43/{arch}/kernel\n"

    def setUp(self) -> None:
        super().setUp()
        log = Heard()
        self.said = log.said
        logging.getLogger("basedrift").addHandler(log)
        self.addCleanup(logging.getLogger("basedrift").removeHandler, log)
        self.hub.builds[1] = build_of(1)
        self.hub.builds[2] = build_of(2, name="teapot", package_name="teapot", version="1.0", release="2.fc43")
        self.rpm: Dict[str, Any] = {"name": "kmod-teapot", "version": "1.0", "release": "2.fc43", "arch": "x86_64", "buildroot_id": 9}
        self.hub.rpms[2] = [self.rpm]
        self.hub.roots[9] = [GLIBC, DEVEL]
        where = os.path.join(self.topdir, "packages", "teapot", "1.0", "2.fc43", "x86_64")
        os.makedirs(where)
        with open(os.path.join(where, "kmod-teapot-1.0-2.fc43.x86_64.rpm"), "wb") as file:
            file.write(b"kmod")

    def declared(self) -> Any:
        self.ledger.builds.clear()
        del self.said[:]
        self.spool.add("koji_build", {"build": 2})
        self.assertEqual(self.work(), (1, 0, 0))
        return self.ledger.builds[(STREAM, VR)]["said"].get("builtFor")

    def test_a_kmod_is_built_for_the_kernel_that_was_in_its_build_root(self) -> None:
        self.assertEqual(self.declared(), "6.17.8-300.fc43")

    def test_none_is_sent_where_the_build_root_does_not_tell(self) -> None:
        for root, reason in (
            ([GLIBC], "there was no kernel-devel"),
            ([DEVEL, dict(DEVEL, release="301.fc43")], "several"),
            ([dict(DEVEL, build_id=None, external_repo_id=3, external_repo_name="fedora")], "of the external repository fedora"),
            ([dict(DEVEL, build_id=4)], "the hub does not know the build"),
            ([dict(DEVEL, build_id=2)], "6.17.8-300.fc43 of teapot, and no section takes its kernels"),
        ):
            with self.subTest(reason):
                self.hub.roots[9] = root
                self.assertIsNone(self.declared())
                self.assertTrue([said for said in self.said if "goes without builtFor" in said and reason in said], self.said)

    def test_what_was_imported_has_no_build_root(self) -> None:
        self.rpm["buildroot_id"] = None
        self.assertIsNone(self.declared())
