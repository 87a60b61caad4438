"""The collection awx.awx, for the checks of the playbook awx: downloaded once, from the newest bundle of collections on PyPI that has it.

python -m tools.awx_collection prints the folder for ANSIBLE_COLLECTIONS_PATH.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[1]
BUNDLE = "ansible==12.3.0"
NAME = "ansible_collections/awx/awx"


def awx_collection() -> Path:
    """The folder of collections with awx.awx, which several processes may ask for at once."""
    folder = ROOT / "build/awx"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock, TemporaryDirectory(dir=folder) as draft:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / NAME).is_dir():
            options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", f"--dest={draft}"]
            subprocess.run([sys.executable, "-m", "pip", "download", *options, BUNDLE], check=True)
            (wheel,) = Path(draft).glob("*.whl")
            with ZipFile(wheel) as bundle:
                bundle.extractall(draft, [name for name in bundle.namelist() if name.startswith(f"{NAME}/")])
            (Path(draft) / "ansible_collections").rename(folder / "ansible_collections")
    return folder


if __name__ == "__main__":
    print(awx_collection())
