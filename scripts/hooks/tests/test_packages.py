import configparser
import os
import random
import unittest
from typing import Dict

from basedrift_hooks.errors import Final
from basedrift_hooks.packages import RELEASE, STREAM, VERSION, Build, group_packages, parse_package, read_rules
from basedrift_koji.config import koji_config
from basedrift_obs.config import obs_config

FACTS = {"projects": "project", "repositories": "repository", "arches": "arch", "packages": "package"}


def rules_of(text: str):  # type: ignore[no-untyped-def]
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return read_rules(parser, FACTS)


KERNEL = """
[stream default]
projects = openSUSE:*
arches = x86_64
files =
    kernel-default-[0-9]*
    kernel-default-extra-[0-9]*
name = {project}/{arch}/default
environment = factory
[stream modules]
projects = openSUSE:*
files = *-kmp-default-*
role = modules
name = {project}/{arch}/default
"""


class Names(unittest.TestCase):
    def test_takes_names_apart(self) -> None:
        for path, parts in {
            "x86_64/kernel-default-5.15.12-1.3.x86_64.rpm": ("kernel-default", "5.15.12", "1.3", "x86_64"),
            "bbswitch-kmp-default-0.8_k6.4.0_1-4.2.x86_64.rpm": ("bbswitch-kmp-default", "0.8_k6.4.0_1", "4.2", "x86_64"),
            "linux-image-6.1.0-40-amd64_6.1.153-1_amd64.deb": ("linux-image-6.1.0-40-amd64", "6.1.153", "1", "amd64"),
            "a/b/nvidia_2%3a1.0-2~bpo12+1_arm64.deb": ("nvidia", "1.0", "2~bpo12+1", "arm64"),
        }.items():
            package = parse_package(path)
            self.assertEqual(None if package is None else package[1:], parts)

    def test_leaves_out_what_is_no_binary_package(self) -> None:
        for path in (
            "kernel-default-5.15.12-1.3.nosrc.rpm",
            "kernel-source-5.15.12-1.3.src.rpm",
            "native_1.0_amd64.deb",
            "kernel.rpm",
            "repomd.xml",
            "",
            "x86_64/",
            "-rf-1-1.x86_64.rpm",
            "kernel-default-5.15.12-1.3\n.x86_64.rpm",
            "kernel-default-5$(id)-1.x86_64.rpm",
            "k\xe4rnel-1-1.x86_64.rpm",
            "a" * 300 + "-1-1.x86_64.rpm",
        ):
            self.assertIsNone(parse_package(path), path)

    def test_takes_no_name_that_the_service_would_not(self) -> None:
        chance = random.Random(1)
        for _ in range(20000):
            name = "".join(chance.choice("ab1-_.~%:/$ \n\xe9") for _ in range(chance.randrange(24)))
            package = parse_package(name + chance.choice([".rpm", ".x86_64.rpm", "_amd64.deb", ".deb"]))
            if package is not None:
                self.assertRegex(package.version, VERSION)
                self.assertRegex(package.release, RELEASE)


class Rules(unittest.TestCase):
    def groups(self, *paths: str, **facts: str) -> Dict[Build, Dict[str, str]]:
        known = dict({"project": "openSUSE:Factory", "repository": "standard"}, **facts)
        return {
            group.build: {path: group.rule.title for path in group.packages}
            for group in group_packages(paths, rules_of(KERNEL), known)
        }

    def test_groups_the_packages_of_a_build(self) -> None:
        self.assertEqual(
            self.groups(
                "x86_64/kernel-default-5.15.12-1.3.x86_64.rpm",
                "x86_64/kernel-default-extra-5.15.12-1.3.x86_64.rpm",
                "x86_64/kernel-default-5.15.12-1.4.x86_64.rpm",
                "x86_64/kernel-default-devel-5.15.12-1.3.x86_64.rpm",
                "x86_64/kernel-default-extra-debuginfo-5.15.12-1.3.x86_64.rpm",
                "aarch64/kernel-default-5.15.12-1.3.aarch64.rpm",
                "x86_64/vim-9.0-1.1.x86_64.rpm",
            ),
            {
                Build("openSUSE:Factory/x86_64/default", "5.15.12", "1.3"): {
                    "x86_64/kernel-default-5.15.12-1.3.x86_64.rpm": "default",
                    "x86_64/kernel-default-extra-5.15.12-1.3.x86_64.rpm": "default",
                },
                Build("openSUSE:Factory/x86_64/default", "5.15.12", "1.4"): {
                    "x86_64/kernel-default-5.15.12-1.4.x86_64.rpm": "default"
                },
            },
        )

    def test_two_module_packages_of_one_version_are_two_builds(self) -> None:
        builds = self.groups("a-kmp-default-1_k5-2.1.x86_64.rpm", "b-c-kmp-default-1_k5-2.1.x86_64.rpm")
        self.assertEqual([build.release for build in builds], ["2.1.a_kmp_default", "2.1.b_c_kmp_default"])
        self.assertTrue(all(RELEASE.match(build.release) for build in builds))

    def test_another_project_is_not_meant(self) -> None:
        self.assertEqual(self.groups("kernel-default-5-1.x86_64.rpm", project="home:eve"), {})

    def test_a_project_makes_no_other_stream_of_itself(self) -> None:
        for project in ("openSUSE:{arch}", "openSUSE:a/b", "openSUSE: ", "openSUSE:" + "x" * 200):
            with self.assertRaises(Final) as caught:
                self.groups("kernel-default-5-1.x86_64.rpm", project=project)
            self.assertEqual(caught.exception.code, "name-refused")
        self.assertRegex("openSUSE:Factory/x86_64/default", STREAM)

    def test_the_files_that_are_installed_are_configurations(self) -> None:
        hooks = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        obs = obs_config(os.path.join(hooks, "obs", "obs.conf"))
        koji = koji_config(os.path.join(hooks, "koji", "basedrift_hub.conf"))
        self.assertEqual([(rule.role, rule.keep) for rule in obs.rules], [("kernel", None), ("modules", None)])
        self.assertEqual([rule.environment for rule in koji.rules], ["f43"])
        self.assertTrue(obs.has_repos() and not obs.has_api())

    def test_says_what_a_rule_lacks(self) -> None:
        for text, code in {
            "[service]\nurl=x": "config-incomplete",
            "[stream a]\nname=b": "config-incomplete",
            "[stream a]\nfiles=b": "config-incomplete",
            "[stream a]\nfiles=b\nname=c\nrole=d": "config-invalid",
        }.items():
            with self.assertRaises(Final) as caught:
                rules_of(text)
            self.assertEqual(caught.exception.code, code)
