"""A process that has loaded ansible and the collection, and runs ansible-playbook in forks of itself: loading is half of a short run.

Each line is a list in JSON of runs that begin at the same time, each with `arguments`, `environment`, `folder` and the file for the
`output`; it is answered with the list of their exit codes. Settings of ansible are those of this process.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADED = (
    "ansible.cli.playbook",
    "ansible.executor.playbook_executor",
    "ansible.plugins.callback.default",
    "ansible.plugins.strategy.linear",
    # libraries of the collection
    "proxmoxer",
    "requests",
)
# every run reads the documentation of all of these plugins
PLUGINS = ("become", "callback", "connection", "inventory", "shell", "strategy")


def start(arguments: list[str], environment: dict[str, str], folder: str, output: str) -> int:
    """Start a run; returns its process."""
    child = os.fork()
    if child:
        return child
    code = 250
    try:
        os.environ.update(environment)
        os.chdir(folder)
        for target, path, mode in ((0, os.devnull, os.O_RDONLY), (1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)):
            os.dup2(os.open(path, mode), target)
        os.dup2(1, 2)
        import_module("ansible.cli.playbook").main(["ansible-playbook", *arguments])
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(code)


for name in LOADED:
    import_module(name)
loaders = import_module("ansible.plugins.loader")
for kind in PLUGINS:
    list(getattr(loaders, f"{kind}_loader").all(class_only=True))
loaders.init_plugin_loader()
# it has a long list of plugins that were moved
import_module("ansible_collections.ansible.builtin")
for action in sorted((ROOT / "plugins/action").glob("*.py")):
    loaders.action_loader.get(f"fleetgate.proxmox.{action.stem}", class_only=True)
# every run does the same
warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
for line in sys.stdin:
    children = [start(**asked) for asked in json.loads(line)]
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], flush=True)
