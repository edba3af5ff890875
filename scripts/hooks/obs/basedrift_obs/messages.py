"""What is wanted of the messages of an Open Build Service."""

import json
import logging
from typing import Any, Dict, List, Optional

from basedrift_hooks.client import text
from basedrift_hooks.packages import Rule

LOG = logging.getLogger("basedrift")
#: Most bytes of a message; those of the build service have about a thousand.
MESSAGE_BYTES = 256 * 1024
#: What is kept of a message: the fields of `package.build_success` and `repo.published`.
FIELDS = {
    "package.build_success": (
        "project package repository arch versrel release bcnt rev srcmd5 verifymd5 reason "
        "readytime starttime endtime workerid hostarch previouslyfailed"
    ).split(),
    "repo.published": "project repo state buildid".split(),
}
KINDS = {"package.build_success": "build_success", "repo.published": "repo_published"}


def wanted(topic: str, body: bytes, prefix: str, rules: List[Rule]) -> Optional[Dict[str, str]]:
    """The fields of a message that a rule waits for; None for every other message, whatever it holds."""
    name = topic[len(prefix) + 1 :] if topic.startswith(prefix + ".") else ""
    if name not in FIELDS or len(body) > MESSAGE_BYTES:
        return None
    try:
        message: Any = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        LOG.warning("%s: the message is no JSON", name)
        return None
    if not isinstance(message, dict):
        return None
    fields: Dict[str, str] = {}
    for field in FIELDS[name]:
        value = text(message.get(field), 1024)
        if value is not None:
            fields[field] = value
    facts = {fact: fields.get(fact, "") for fact in ("project", "repository", "package")}
    if name == "repo.published":
        facts = {"project": fields.get("project", ""), "repository": fields.get("repo", "")}
    return fields if all(facts.values()) and any(rule.matches(facts) for rule in rules) else None
