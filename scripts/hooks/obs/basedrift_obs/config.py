"""The configuration of the OBS hooks, `/etc/basedrift/obs.conf`."""

from typing import List, NamedTuple, Optional, Union

from basedrift_hooks.config import ServiceConfig, http_url, number, option, read_config, read_secret, required, service_config
from basedrift_hooks.errors import Final
from basedrift_hooks.packages import Rule, read_rules

from .api import Obs
from .repositories import Repositories

#: Either lists published repositories.
Lister = Union[Obs, Repositories]

#: By which option of a section [stream …] the globs of a fact are given.
FACTS = {"projects": "project", "repositories": "repository", "arches": "arch", "packages": "package"}


class BusConfig(NamedTuple):
    """The message bus. Without `queue` the broker names one that ends with the connection, as public brokers demand."""

    url: str
    exchange: str
    prefix: str
    queue: Optional[str]
    ca_file: Optional[str]


class ObsConfig(NamedTuple):
    """Everything. `service`, `api` and `bus` are read when they are needed: the listener has no token to read."""

    path: str
    spool: str
    package_bytes: int
    rules: List[Rule]

    def service(self) -> ServiceConfig:
        """Section [service]."""
        return service_config(read_config(self.path))

    def api(self) -> Obs:
        """Section [obs]. Raises Final `config-incomplete` where it is missing."""
        parser = read_config(self.path)
        user = option(parser, "obs", "user")
        return Obs(
            http_url(required(parser, "obs", "api"), "api in section [obs]"),
            user,
            None if user is None else read_secret(required(parser, "obs", "password_file")),
            number(parser, "obs", "timeout", 120, 1, 3600),
            option(parser, "obs", "ca_file"),
        )

    def lister(self) -> Lister:
        """What lists published repositories: the disk where `repos` in section [obs] names its folder, else the API."""
        folder = option(read_config(self.path), "obs", "repos")
        return self.api() if folder is None else Repositories(folder)

    def has_repos(self) -> bool:
        """Whether published repositories are listed on the disk."""
        return option(read_config(self.path), "obs", "repos") is not None

    def has_api(self) -> bool:
        """Whether there is an API that can be asked for builds."""
        return option(read_config(self.path), "obs", "api") is not None

    def has_bus(self) -> bool:
        """Whether a message bus is to be listened to."""
        return read_config(self.path).has_section("bus")

    def bus(self) -> BusConfig:
        """Section [bus]. Raises Final `config-incomplete` or `config-invalid`: what a message tells of is fetched from the API."""
        parser = read_config(self.path)
        required(parser, "obs", "api")
        url_file = option(parser, "bus", "url_file")
        url = required(parser, "bus", "url") if url_file is None else read_secret(url_file)
        if not url.startswith(("amqp://", "amqps://")):
            raise Final("config-invalid", "url in section [bus] starts with amqps:// or amqp://.")
        return BusConfig(
            url,
            option(parser, "bus", "exchange") or "pubsub",
            option(parser, "bus", "prefix") or "opensuse.obs",
            option(parser, "bus", "queue"),
            option(parser, "bus", "ca_file"),
        )


def obs_config(path: str) -> ObsConfig:
    """Reads the file. Raises Final with the code of what is wrong with it."""
    parser = read_config(path)
    return ObsConfig(
        path,
        required(parser, "spool", "dir"),
        int(number(parser, "obs", "package_bytes", 2 * 1024**3, 1024, 16 * 1024**3)),
        read_rules(parser, FACTS),
    )
