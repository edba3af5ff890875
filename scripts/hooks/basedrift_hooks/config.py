"""Configuration files of the hooks: INI, read once, checked before anything is done."""

import configparser
import os
import stat
from typing import List, NamedTuple, Optional
from urllib.parse import urlsplit

from .errors import Final

#: Most bytes of a file that holds a token or a password.
SECRET_BYTES = 4096


class ServiceConfig(NamedTuple):
    """Where the service is, and how it is spoken to. `ca_file` is None for the system's own certificates."""

    url: str
    token: Optional[str]
    ca_file: Optional[str]
    timeout: float


def read_config(path: str) -> configparser.ConfigParser:
    """The sections of a file. `%` and `$` stand for themselves.

    Raises Final `config-unreadable`.
    """
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=None)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise Final("config-unreadable", "%s cannot be read: %s" % (path, error)) from error
    return parser


def option(parser: configparser.ConfigParser, section: str, name: str) -> Optional[str]:
    """A value, or None where it is missing or empty."""
    return parser.get(section, name, fallback="").strip() or None


def required(parser: configparser.ConfigParser, section: str, name: str) -> str:
    """A value that has to be there. Raises Final `config-incomplete`."""
    value = option(parser, section, name)
    if value is None:
        raise Final("config-incomplete", "Set %s in section [%s]." % (name, section))
    return value


def words(parser: configparser.ConfigParser, section: str, name: str) -> List[str]:
    """A value as words between blanks or line ends."""
    return parser.get(section, name, fallback="").split()


def number(parser: configparser.ConfigParser, section: str, name: str, default: float, least: float, most: float) -> float:
    """A number within bounds. Raises Final `config-invalid`."""
    text = option(parser, section, name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise Final("config-invalid", "%s in section [%s] has to be between %g and %g." % (name, section, least, most))
    return value


def read_secret(path: str) -> str:
    """The one line of a file that only its owner, or a group that may not write it, can read.

    Raises Final `secret-unreadable` or `secret-exposed`.
    """
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(SECRET_BYTES + 1)
    except OSError as error:
        raise Final("secret-unreadable", "%s cannot be read: %s" % (path, error)) from error
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise Final("secret-exposed", "%s may be read by everybody or written by its group: chmod 600 it." % path)
    try:
        text = content.decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if len(content) > SECRET_BYTES or not text or not text.isprintable() or " " in text:
        raise Final("secret-unreadable", "%s does not hold one secret on one line." % path)
    return text


def http_url(value: str, what: str) -> str:
    """An http or https address without credentials, query or trailing slash. Raises Final `config-invalid`."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Final("config-invalid", "%s is no http or https address: %s" % (what, value))
    return value.rstrip("/")


def service_config(parser: configparser.ConfigParser) -> ServiceConfig:
    """Section [service]. A token goes over https, or to this machine itself.

    Raises Final `config-incomplete`, `config-invalid` or one of `read_secret`.
    """
    url = http_url(required(parser, "service", "url"), "url in section [service]")
    token_file = option(parser, "service", "token_file")
    token = None if token_file is None else read_secret(token_file)
    parts = urlsplit(url)
    if token is not None and parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise Final("config-invalid", "A token goes over https only: change url in section [service].")
    return ServiceConfig(url, token, option(parser, "service", "ca_file"), number(parser, "service", "timeout", 60, 1, 3600))
