"""The published repositories on the disk of the server that publishes them: what the API would list, without the API."""

import os
import shutil
from typing import List

from basedrift_hooks.errors import Final, Passing

from .api import LISTED


class Repositories:
    """Below `folder`, as `bs_publish` lays them out: `openSUSE:/Factory/standard` for a repository of `openSUSE:Factory`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def greet(self) -> None:
        """Raises Passing `repositories-away` where the folder cannot be listed."""
        try:
            os.listdir(self._folder)
        except OSError as error:
            raise Passing("repositories-away", "%s cannot be listed: %s" % (self._folder, error)) from error

    def _path(self, project: str, repository: str, *names: str) -> str:
        parts = [part + ":" for part in project.split(":")[:-1]] + [project.split(":")[-1], repository]
        parts.extend(names)
        if any(part in ("", ":", ".", "..") or "/" in part or "\0" in part for part in parts):
            raise Final("name-refused", "%r is no published repository." % ((project, repository) + names,))
        return os.path.join(self._folder, *parts)

    def published(self, *place: str) -> List[str]:
        """Names in a folder of a published repository: its architectures, or the packages of one."""
        folder = self._path(*place)
        try:
            return sorted(os.listdir(folder))[:LISTED]
        except (FileNotFoundError, NotADirectoryError) as error:
            # A volume that is not mounted says nothing of a repository.
            if not os.path.isdir(self._folder):
                raise Passing("repositories-away", "%s is not there: look at repos in section [obs]." % self._folder) from error
            return []
        except OSError as error:
            raise Passing("repositories-away", "%s cannot be listed: %s" % (folder, error)) from error

    def fetch_published(self, project: str, repository: str, arch: str, filename: str, to: str, most: int) -> None:
        """Makes a published file of at most `most` bytes the file `to`: a link on the same file system, else a copy."""
        path = self._path(project, repository, arch, filename)
        try:
            if os.stat(path).st_size > most:
                raise Final("file-too-large", "%s has more than %d bytes: raise package_bytes in [obs]." % (path, most))
            try:
                os.link(path, to)
            except OSError:
                shutil.copyfile(path, to)
        except OSError as error:
            raise Passing("fetch-failed", "%s cannot be read: %s" % (path, error)) from error
