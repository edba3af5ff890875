import json
import unittest
from typing import Dict, Optional

from basedrift_hooks.packages import Rule
from basedrift_obs.messages import MESSAGE_BYTES, wanted

RULE = Rule(
    "default",
    {"project": ["openSUSE:Factory"], "repository": ["standard"], "arch": ["x86_64"], "package": ["kernel-default"]},
    ["kernel-default-*"],
    "kernel",
    "s",
    None,
)
BUILT = {
    "project": "openSUSE:Factory",
    "package": "kernel-default",
    "repository": "standard",
    "arch": "x86_64",
    "release": "1.3",
    "versrel": "5.15.12-1",
    "bcnt": "3",
    "rev": "7",
    "srcmd5": "a" * 32,
    "verifymd5": "b" * 32,
    "reason": "meta change",
    "readytime": "1641038400",
    "starttime": 1641038400,
    "workerid": "worker:1",
    "previouslyfailed": None,
    "unheard": "of",
}


class Messages(unittest.TestCase):
    def take(self, message: object, topic: str = "package.build_success") -> Optional[Dict[str, str]]:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return wanted("opensuse.obs." + topic, body, "opensuse.obs", [RULE])

    def test_keeps_what_tells_where_a_build_comes_from(self) -> None:
        taken = self.take(BUILT)
        assert taken is not None
        kept = {key: str(value) for key, value in BUILT.items() if key not in ("unheard", "previouslyfailed")}
        self.assertEqual(taken, kept)
        published = {"project": "openSUSE:Factory", "repo": "standard", "state": "published", "buildid": "42"}
        self.assertEqual(self.take(published, "repo.published"), published)

    def test_leaves_what_no_rule_waits_for(self) -> None:
        for field, other in {"project": "home:eve", "repository": "ports", "package": "vim"}.items():
            self.assertIsNone(self.take(dict(BUILT, **{field: other})))
        for topic in ("package.build_fail", "repo.build_started", "package.build_success.x"):
            self.assertIsNone(self.take(BUILT, topic))
        self.assertIsNone(wanted("suse.obs.package.build_success", json.dumps(BUILT).encode(), "opensuse.obs", [RULE]))

    def test_leaves_what_is_no_message(self) -> None:
        for body in (
            b"",
            b"\xff",
            b"null",
            b"[1]",
            b"[" * 100000,
            b'{"project": 1}',
            b'{"project": {"a": 1}, "package": [], "repository": true}',
            json.dumps(dict(BUILT, reason="x" * MESSAGE_BYTES)).encode(),
        ):
            self.assertIsNone(self.take(body), body[:40])

    def test_text_is_cleaned_and_cut(self) -> None:
        taken = self.take(dict(BUILT, reason="a\x1b[31m\nb" + "x" * 2000))
        assert taken is not None
        self.assertTrue(taken["reason"].startswith("a[31mb") and len(taken["reason"]) == 1024)
