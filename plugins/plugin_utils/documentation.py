# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the state modules, generated from the documentation of the modules for single objects."""

from __future__ import annotations

import importlib
import re
from typing import Any

import yaml

# fragments with options of objects instead of connections
SHARED = ("acl", "identity", "realm")
LIMIT = {
    "description": [
        "Maximum number of objects that one run may remove. A run that would remove more is refused before the first change, so"
        " that a list that is empty by mistake does not empty a server."
    ],
    "type": "int",
    "default": 20,
}
TO_PRUNE = "Undeclared objects that meet all conditions of one of these scopes are removed."
MATCHES = "Objects that meet all conditions of one of these filters are returned."
CONDITIONS = {
    "host": ["Address of nodes on the server, or a pattern with C(*) and C(?)."],
    "name": ["Name of objects, or a pattern with C(*) and C(?)."],
    "application": ["Slug of the application of bindings."],
    "path": ["Path of entries of the ACL."],
    "realm": ["Realm of users and of the users of tokens."],
    "role": ["Role of entries of the ACL."],
    "subject": ["User, group or full token ID of entries of the ACL."],
    "subtree": ["Path of entries of the ACL, including paths below."],
    "type": ["Type of objects."],
}


def lists_of(system: str, kinds: dict[str, str]) -> str:
    """Documentation of the list options of `<system>_state`, from the modules of its kinds (option: module's kind).

    Attributes with partial support in one module have partial support in the state module.
    """
    options: dict[str, dict[str, Any]] = {}
    scopes: dict[str, Any] = {}
    limits: dict[str, dict[str, Any]] = {}
    state = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_state")
    declared = state.MODULE.argument_spec["exclusive"]["options"]
    for option, kind in kinds.items():
        module = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_{kind}")
        texts = _as_entries(module.DOCUMENTATION, option)
        suboptions = {name: one for text in texts for name, one in text["options"].items()}
        for name, limit in ((name, one) for text in texts for name, one in text.get("attributes", {}).items()):
            if limit.get("support") == "partial":
                limits.setdefault(name, {"support": "partial", "details": []})["details"].append(limit["details"])
        own_scope, _limit = suboptions.pop("exclusive", None), suboptions.pop("max_removals", None)
        scopes[option] = own_scope or _scope(declared[option]["options"], TO_PRUNE)
        options[option] = {
            "description": [f"Entries with the options of M(fleetgate.proxmox.{system}_{kind})."],
            "type": "list",
            "elements": "dict",
            "suboptions": suboptions,
        }
    options["exclusive"] = {
        "description": [
            "Remove undeclared objects within these scopes, by the list that they belong to. An object matches a scope if it meets all of"
            " its conditions; a scope needs at least one condition."
        ],
        "type": "dict",
        "suboptions": scopes,
    }
    options["max_removals"] = LIMIT
    return yaml.safe_dump({"options": options, "attributes": limits})


def _as_entries(documentation: str, option: str) -> list[dict[str, Any]]:
    """The documentation of a module as that of list entries, including shared fragments."""
    texts = [
        documentation,
        *map(_fragment, re.findall(rf"- fleetgate\.proxmox\.((?:{'|'.join(SHARED)})\S*)", documentation)),
    ]
    # options of the module are suboptions of an entry here
    return [yaml.safe_load(re.sub(r"\bO\((?=\w)", f"O({option}[].", text)) for text in texts]


def _fragment(name: str) -> str:
    file, _dot, part = name.partition(".")
    module = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.doc_fragments.{file}")
    text: str = getattr(module.ModuleDocFragment, part.upper() or "DOCUMENTATION")
    return text


def filters_of(system: str) -> str:
    """Documentation of the filters of `<system>_info`, which have the form of scopes."""
    info = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_info")
    declared = info.MODULE.argument_spec["filters"]["options"]
    filters = {
        "description": [
            "Objects to return, by the list that they belong to. Lists without filters are returned completely.",
            f"The conditions are those of O(fleetgate.proxmox.{system}_state#module:exclusive), so the objects of a scope can be reviewed"
            " first.",
        ],
        "type": "dict",
        "suboptions": {option: _scope(spec["options"], MATCHES) for option, spec in declared.items()},
    }
    return yaml.safe_dump({"options": {"filters": filters}})


def _scope(conditions: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "description": [description],
        "type": "list",
        "elements": "dict",
        "suboptions": {
            name: {
                "description": CONDITIONS[name],
                **{key: value for key, value in condition.items() if key in ("type", "choices")},
            }
            for name, condition in conditions.items()
        },
    }
