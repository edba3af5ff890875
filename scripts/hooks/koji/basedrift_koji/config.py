"""The configuration of the Koji hooks, `/etc/koji-hub/plugins/basedrift_hub.conf`."""

from typing import List, NamedTuple, Optional

from basedrift_hooks.config import ServiceConfig, http_url, number, option, read_config, required, service_config
from basedrift_hooks.errors import Final
from basedrift_hooks.packages import Rule, read_rules

from .api import Koji

#: By which option of a section [stream …] the globs of a fact are given.
FACTS = {"packages": "package", "tags": "tag", "arches": "arch"}


class KojiConfig(NamedTuple):
    """Everything but the service and the hub, which are read when they are needed."""

    path: str
    spool: str
    package_bytes: int
    days: float
    web: Optional[str]
    rules: List[Rule]

    def service(self) -> ServiceConfig:
        """Section [service]."""
        return service_config(read_config(self.path))

    def koji(self) -> Koji:
        """Section [koji]. Raises Final `config-incomplete` where neither topdir nor topurl is set."""
        parser = read_config(self.path)
        topdir, topurl = option(parser, "koji", "topdir"), option(parser, "koji", "topurl")
        if topdir is None and topurl is None:
            raise Final("config-incomplete", "Set topdir or topurl in section [koji].")
        return Koji(
            http_url(required(parser, "koji", "hub"), "hub in section [koji]"),
            topdir,
            None if topurl is None else http_url(topurl, "topurl in section [koji]"),
            number(parser, "koji", "timeout", 120, 1, 3600),
            option(parser, "koji", "ca_file"),
        )


def koji_config(path: str) -> KojiConfig:
    """Reads the file. Raises Final with the code of what is wrong with it."""
    parser = read_config(path)
    web = option(parser, "koji", "web")
    return KojiConfig(
        path,
        required(parser, "spool", "dir"),
        int(number(parser, "koji", "package_bytes", 2 * 1024**3, 1024, 16 * 1024**3)),
        number(parser, "koji", "days", 14, 0.01, 3650),
        None if web is None else http_url(web, "web in section [koji]"),
        read_rules(parser, FACTS),
    )
