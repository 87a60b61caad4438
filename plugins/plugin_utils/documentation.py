# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a state module, documented once: where the one-object modules document them."""

from __future__ import annotations

import importlib
import re

import yaml


def lists_of(system, kinds):
    """Documentation of the list options of `<system>_state`, from the modules of its kinds (option: module's kind)."""
    options, scopes = {}, {}
    for option, kind in kinds.items():
        module = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_{kind}")
        # what is an option of the module is one of an entry here
        documentation = re.sub(r"\bO\((?=\w)", f"O({option}[].", module.DOCUMENTATION)
        suboptions = yaml.safe_load(documentation)["options"]
        if "exclusive" in suboptions:
            scopes[option] = suboptions.pop("exclusive")
        options[option] = {
            "description": [f"Entries with the options of M(fleetgate.proxmox.{system}_{kind})."],
            "type": "list",
            "elements": "dict",
            "suboptions": suboptions,
        }
    if scopes:
        options["exclusive"] = {
            "description": [
                "Scopes in which the declared entries are all that there are, by the list that they are of."
            ],
            "type": "dict",
            "suboptions": scopes,
        }
    return yaml.safe_dump({"options": options})
