"""`make docs`: builds the site of the documentation in build/docs/html without warnings, and checks its links.

Links within the site and between the files of the repository are always checked; `--external` also requests the others.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/docs"
PROGRAMS = Path(sys.executable).parent
# labels of Ansible's documentation that the pages of modules refer to: page and title
ANSIBLE = {
    "action_plugins": ("plugins/action.html#action-plugins", "Action plugins"),
    "ansible_collections.ansible.builtin.file_lookup": (
        "collections/ansible/builtin/file_lookup.html#ansible-collections-ansible-builtin-file-lookup",
        "ansible.builtin.file lookup",
    ),
    "ansible_configuration_settings": (
        "reference_appendices/config.html#ansible-configuration-settings",
        "Ansible Configuration Settings",
    ),
    "callback_plugins": ("plugins/callback.html#callback-plugins", "Callback plugins"),
    "common_return_values": ("reference_appendices/common_return_values.html#common-return-values", "Return Values"),
}


def main(external: bool) -> None:
    collections = checkout()
    lint(collections)
    pages = write_pages(collections)
    run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", str(pages), str(BUILD / "html"))
    check_links(external)


def checkout() -> Path:
    """A folder of collections that has this checkout as the collection."""
    namespace = BUILD / "collections/ansible_collections/fleetgate"
    namespace.mkdir(parents=True, exist_ok=True)
    link = namespace / "proxmox"
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT)
    return BUILD / "collections"


def lint(collections: Path) -> None:
    """Check that guides and documentation refer only to modules and options that exist."""
    folder = str(collections / "ansible_collections/fleetgate/proxmox")
    checks = ("--plugin-docs", "--validate-collection-refs", "self", "--check-extra-docs-refs")
    run("antsibull-docs", "lint-collection-docs", *checks, folder, collections=collections)


def write_pages(collections: Path) -> Path:
    """The folder with the sources of the site."""
    pages = BUILD / "pages"
    for folder in (pages, BUILD / "html"):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs/site", pages)
    options = ("--use-current", "--squash-hierarchy", "--dest-dir", str(pages))
    run("antsibull-docs", "collection", *options, "fleetgate.proxmox", collections=collections)
    # antsibull-docs copies the text of guides only
    shutil.copytree(ROOT / "docs/docsite/rst/images", pages / "docsite/images", dirs_exist_ok=True)
    write_inventory(pages / "objects.inv")
    return pages


def write_inventory(path: Path) -> None:
    """An inventory of Sphinx with the labels of Ansible's documentation."""
    lines = (f"{name} std:label -1 {page} {title}\n" for name, (page, title) in ANSIBLE.items())
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version:\n# The remainder of this file is compressed using zlib.\n"
    path.write_bytes(head.encode() + zlib.compress("".join(lines).encode()))


def run(program: str, *arguments: str, collections: Path | None = None) -> None:
    home = BUILD / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    if collections:
        environment["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    done = subprocess.run(
        [str(PROGRAMS / program), *arguments],
        env=environment,
        cwd=ROOT,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        sys.exit(f"{program} failed:\n{done.stdout}")


@dataclass
class Page(HTMLParser):
    """The links of a page of the site, and the places that others can link to."""

    path: Path
    links: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text())

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.places.add(value)


def check_links(external: bool) -> None:
    pages = {path: Page(path) for path in sorted((BUILD / "html").rglob("*.html"))}
    inside = [(path, link) for path, page in pages.items() for link in page.links if not urlsplit(link).scheme]
    problems = [
        f"{path.name}: {link}"
        for path, link in inside
        if not link.startswith("#!") and not leads_somewhere(path, link, pages)
    ]
    beside = list(links_of_files())
    problems += [f"{path.relative_to(ROOT)}: {link}" for path, link in beside if not (path.parent / link).exists()]
    outside = sorted({link for page in pages.values() for link in page.links if link.startswith("http")})
    if external:
        problems += [f"{link}: {why}" for link in outside if (why := refused(link))]
    if problems:
        sys.exit("\n".join(["These links lead nowhere:", *problems]))
    asked = "requested" if external else "not requested"
    print(
        f"build/docs/html: {len(pages)} pages; {len(inside)} links within the site and {len(beside)} between files lead"
        f" somewhere; {len(outside)} external ones were {asked}"
    )


def leads_somewhere(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    target, place = unquote(urlsplit(link).path), unquote(urlsplit(link).fragment)
    other = (path.parent / target).resolve() if target else path
    if other.is_dir():
        other /= "index.html"
    return other.exists() and (not place or other not in pages or place in pages[other].places)


def links_of_files() -> Iterator[tuple[Path, str]]:
    """The links of Markdown files to other files of the repository."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").rglob("*.md")]
    for path in sorted(files):
        for link in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
            if not urlsplit(link).scheme:
                yield path, link


def refused(link: str) -> str:
    """Why a link leads nowhere, "" if it leads somewhere."""
    try:
        urlopen(Request(link, headers={"User-Agent": "Mozilla/5.0"}), timeout=20).close()
    except (URLError, TimeoutError) as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main("--external" in sys.argv[1:])
