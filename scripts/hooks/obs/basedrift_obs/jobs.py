"""What is done for each entry of the spool."""

import functools
import logging
import os
import time
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from basedrift_hooks.client import Json, Service, known, serial, text
from basedrift_hooks.errors import Final, Passing
from basedrift_hooks.kernels import KernelOf
from basedrift_hooks.packages import Group, Rule, group_packages, named
from basedrift_hooks.replaced import Listing, Memory, let_leave, retains
from basedrift_hooks.send import complete_build, for_each, mark_live, send_build
from basedrift_hooks.spool import Entry, Handler, Spool

from .api import LISTED, Obs, Place
from .config import Lister, ObsConfig
from .kernels import Kernels

LOG = logging.getLogger("basedrift")


class Jobs:
    """The work of the sender. `service`, `api` and `lister` (the API where it is not given) are made when an entry needs them."""

    def __init__(
        self,
        config: ObsConfig,
        spool: Spool,
        service: Service,
        api: Callable[[], Obs],
        lister: Optional[Callable[[], Lister]] = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rules: List[Rule] = config.rules
        self._limit = config.package_bytes
        self._spool = spool
        self._service = service
        self._api = api
        self._lister: Callable[[], Lister] = api if lister is None else lister
        self._has_api = config.has_api()
        self._clock = clock

    def handlers(self) -> Dict[str, Handler]:
        """By kind of entry."""
        return {
            "published": self.published,
            "build_success": self.build_success,
            "repo_published": self.repo_published,
            "replaced": self.replaced,
            "reconcile": self.reconcile,
        }

    def published(self, entry: Entry) -> None:
        """The publish hook was called: its packages are linked in the spool, or where they were."""
        prp, folder, files = entry.data.get("prp"), entry.data.get("folder"), entry.data.get("files")
        if not isinstance(prp, str) or not isinstance(folder, str) or not isinstance(files, list):
            raise Final("entry-invalid", "The entry has no prp, folder and files.")
        project, _, repository = prp.partition("/")
        paths: Dict[str, str] = {}
        for file in files:
            # Names are bytes; the hook wrote each as one character.
            path = os.path.join(folder.encode("latin-1"), str(file["path"]).encode("latin-1"))
            if isinstance(file.get("link"), str):
                path = os.fsencode(self._spool.path("files", entry.id)) + b"/" + file["link"].encode("latin-1")
            paths[str(file["path"])] = os.fsdecode(path)
        facts = {"project": project, "repository": repository}
        self._look_for_replaced(facts, {"project": project, "repo": repository, "folder": folder})
        kernels = self._kernels()

        def send(group: Group) -> None:
            held = {package.filename: paths[name] for name, package in group.packages.items()}
            said = of_repository(project, repository, group)
            kernel_of = functools.partial(kernels.of_published, group)
            mark_live(self._service, group, send_build(self._service, group, held, said, kernel_of))

        for_each(group_packages(list(paths), self._rules, facts), send)

    def build_success(self, entry: Entry) -> None:
        """A package was built: its packages are fetched, once they are those that the message told of."""
        event = {key: str(value) for key, value in entry.data.items() if isinstance(value, (str, int))}
        place = place_of(event)
        told = job_of(self._api().jobs(place), event)
        if told is None:
            LOG.info("%s/%s: a later build has taken its place", place.project, place.package)
            return
        sizes = self._api().built(place)
        said = {"obs": provenance(place, told)}
        fetch = functools.partial(self._fetch_built, place, sizes)
        kernels, job = self._kernels(), told
        for_each(
            group_packages(list(sizes), self._rules, place._asdict()),
            lambda group: self._complete(group, said, fetch, lambda _: kernels.of_job(group, place, job)),
        )

    def _fetch_built(self, place: Place, sizes: Mapping[str, int], filename: str, to: str) -> None:
        if sizes[filename] > self._limit:
            raise Final("file-too-large", "%s has %d bytes: raise package_bytes in [obs]." % (filename, sizes[filename]))
        self._api().fetch_built(place, filename, to, self._limit)
        if os.path.getsize(to) != sizes[filename]:
            raise Passing("file-changed", "%s changed while it was fetched." % filename)

    def repo_published(self, entry: Entry) -> None:
        """A repository was published: what it holds now is live. What the service lacks of it is fetched and sent."""
        project, repository = entry.data.get("project"), entry.data.get("repo")
        if not isinstance(project, str) or not isinstance(repository, str):
            raise Final("entry-invalid", "The message names no project and repo.")
        facts = {"project": project, "repository": repository}
        said = functools.partial(of_repository, project, repository)
        self._look_for_replaced(facts, {"project": project, "repo": repository})
        api = self._lister()
        kernels = self._kernels()
        for arch in api.published(project, repository):
            if arch == "repodata" or not any(rule.matches(dict(facts, arch=arch)) for rule in self._rules):
                continue
            fetch = functools.partial(api.fetch_published, project, repository, arch, most=self._limit)

            def send(group: Group, fetch: Callable[[str, str], None] = fetch) -> None:
                kernel_of = functools.partial(kernels.of_published, group)
                mark_live(self._service, group, self._complete(group, said(group), fetch, kernel_of))

            for_each(group_packages(api.published(project, repository, arch), self._rules, facts), send)

    def _look_for_replaced(self, facts: Mapping[str, str], what: Mapping[str, object]) -> None:
        """Notes that a repository has to be looked at, where builds of it leave by themselves. An entry of its own: neither waits for the other."""
        if any(retains(rule) and rule.matches(facts) for rule in self._rules):
            self._spool.add("replaced", what, once=True)

    def replaced(self, entry: Entry) -> None:
        """Lets those builds leave that a repository held, and does not hold any more."""
        project, repository, folder = (entry.data.get(name) for name in ("project", "repo", "folder"))
        if not isinstance(project, str) or not isinstance(repository, str):
            raise Final("entry-invalid", "The entry names no project and repo.")
        facts = {"project": project, "repository": repository}
        names: Optional[List[str]]
        if isinstance(folder, str):
            names = names_below(os.fsdecode(folder.encode("latin-1")))
        else:
            api = self._lister()
            arches = [arch for arch in api.published(project, repository) if arch != "repodata"]
            names = [name for arch in arches for name in api.published(project, repository, arch)]
        if names is None:
            return
        groups = group_packages(names, self._rules, facts)
        came_from = {"project": text(project, 256), "repository": text(repository, 256)}
        listing = Listing("%s/%s" % (project, repository), entry.data, facts, groups, {"obs": came_from})
        let_leave(self._service, self._rules, listing, self._memory(), self._clock())

    def _memory(self) -> Memory:
        return Memory(self._spool.path("live.json"))

    def reconcile(self, _entry: Entry) -> None:
        """Messages may have been missed: the last build of every package, and every repository, that rules name in full.

        What was replaced in a repository may leave with time alone.
        """
        for what, _ in self._memory().places.values():
            self._spool.add("replaced", what, once=True)
        for place in named_places(self._rules) if self._has_api else []:
            job = next((job for job in reversed(self._api().jobs(place)) if job.get("code") == "succeeded"), None)
            if job is not None:
                self._spool.add("build_success", dict(job, **place._asdict()), once=True)
        for project, repository in named_repositories(self._rules):
            self._spool.add("repo_published", {"project": project, "repo": repository}, once=True)

    def _kernels(self) -> Kernels:
        return Kernels(self._api if self._has_api else None, self._service, self._rules)

    def _complete(self, group: Group, said: Json, fetch: Callable[[str, str], None], kernel_of: KernelOf) -> str:
        return complete_build(self._service, group, said, fetch, self._spool.path("tmp"), kernel_of)


def names_below(folder: str) -> Optional[List[str]]:
    """Names of the files of a published repository, in whatever folders; None where it cannot be listed, or is gone."""

    def fail(error: OSError) -> None:
        raise error

    try:
        return [name for _, _, files in os.walk(folder, onerror=fail) for name in files][:LISTED]
    except OSError as error:
        LOG.warning("%s cannot be listed, so that nothing leaves: %s", folder, error)
        return None


def of_repository(project: str, repository: str, group: Group) -> Json:
    """What is known of packages that were found published."""
    arch = next(iter(group.packages.values())).arch
    obs = {"project": text(project, 256), "repository": text(repository, 256), "arch": text(arch, 64)}
    return {"obs": known(obs)}


def place_of(event: Mapping[str, str]) -> Place:
    """Where the package of a message was built. Raises Final `entry-invalid`."""
    try:
        return Place(event["project"], event["repository"], event["arch"], event["package"])
    except KeyError as error:
        raise Final("entry-invalid", "The message has no %s." % error) from error


def job_of(jobs: List[Mapping[str, str]], event: Mapping[str, str]) -> Optional[Mapping[str, str]]:
    """The finished job that a message told of; None where a later one has taken its place, or the history begins later.

    Raises Passing `not-finished` while the job is not in the history: then the packages that are listed are still the old ones.
    """
    keys = [key for key in ("versrel", "bcnt", "srcmd5") if event.get(key)]
    succeeded = [job for job in jobs if job.get("code") == "succeeded"]
    matching = [index for index, job in enumerate(succeeded) if all(job.get(key) == event[key] for key in keys)]
    if not matching:
        if any(ended(job) > ended(event) > 0 for job in succeeded):
            return None
        raise Passing("not-finished", "The build service does not list the job of this message yet.")
    if matching[-1] != len(succeeded) - 1:
        return None
    return dict(event, **{key: value for key, value in succeeded[-1].items() if value})


def ended(job: Mapping[str, str]) -> int:
    """When a job ended, in seconds since 1970; 0 where it is not said."""
    return serial(job.get("endtime")) or 0


def provenance(place: Place, job: Mapping[str, str]) -> Json:
    """What the build service says of a build."""
    return known(
        {
            "project": text(place.project, 256),
            "repository": text(place.repository, 256),
            "arch": text(place.arch, 64),
            "package": text(place.package, 256),
            "srcmd5": text(job.get("srcmd5"), 64),
            "verifymd5": text(job.get("verifymd5"), 64),
            "versrel": text(job.get("versrel"), 256),
            "bcnt": serial(job.get("bcnt")),
            "reason": text(job.get("reason"), 1024),
        }
    )


def named_repositories(rules: List[Rule]) -> List[Tuple[str, str]]:
    """Repositories that rules name in full."""
    found = {
        (project, repository)
        for rule in rules
        for project in named(rule, "project")
        for repository in named(rule, "repository")
    }
    return sorted(found)


def named_places(rules: List[Rule]) -> List[Place]:
    """Packages that rules name in full."""
    found = {
        Place(project, repository, arch, package)
        for rule in rules
        for project in named(rule, "project")
        for repository in named(rule, "repository")
        for arch in named(rule, "arch")
        for package in named(rule, "package")
    }
    return sorted(found)
