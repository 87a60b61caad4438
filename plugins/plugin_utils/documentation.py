# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a state module, documented once: where the one-object modules document them."""

from __future__ import annotations

import importlib
import re

import yaml

# fragments with options of objects, not of connections
SHARED = ("acl", "identity", "realm")
LIMIT = {
    "description": [
        "How many objects one run may remove. A run that would remove more is refused before it writes, because a list that"
        " came out empty by mistake should not empty a server."
    ],
    "type": "int",
    "default": 20,
}
SURPLUS = "An object that is all that a scope says, and that no entry declares, is removed."
MATCHES = "An object is returned when it is all that one of these says."
CONDITIONS = {
    "host": ["Address of nodes as the server has it, or a pattern with C(*) and C(?)."],
    "name": ["Name of objects, or a pattern with C(*) and C(?)."],
    "application": ["Slug of an application, for its bindings."],
    "path": ["Path of entries of the ACL."],
    "realm": ["Realm of users and of the users of tokens."],
    "role": ["Role that entries of the ACL give."],
    "subject": ["User, group or full token id that entries of the ACL are for."],
    "subtree": ["Path that entries of the ACL are on, or below."],
    "type": ["Type of objects."],
}


def lists_of(system, kinds):
    """Documentation of the list options of `<system>_state`, from the modules of its kinds (option: module's kind).

    What a kind can only do in part the state module cannot do in full.
    """
    options, scopes, limits = {}, {}, {}
    state = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_state")
    declared = state.MODULE.argument_spec["exclusive"]["options"]
    for option, kind in kinds.items():
        module = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_{kind}")
        told = _as_entries(module.DOCUMENTATION, option)
        suboptions = {name: one for text in told for name, one in text["options"].items()}
        for name, limit in ((name, one) for text in told for name, one in text.get("attributes", {}).items()):
            if limit.get("support") == "partial":
                limits.setdefault(name, {"support": "partial", "details": []})["details"].append(limit["details"])
        own_scope, _limit = suboptions.pop("exclusive", None), suboptions.pop("max_removals", None)
        scopes[option] = own_scope or _scope(declared[option]["options"], SURPLUS)
        options[option] = {
            "description": [f"Entries with the options of M(fleetgate.proxmox.{system}_{kind})."],
            "type": "list",
            "elements": "dict",
            "suboptions": suboptions,
        }
    options["exclusive"] = {
        "description": ["Scopes in which the declared entries are all that there are, by the list that they are of."],
        "type": "dict",
        "suboptions": scopes,
    }
    options["max_removals"] = LIMIT
    return yaml.safe_dump({"options": options, "attributes": limits})


def _as_entries(documentation, option):
    """The texts that document a module, for entries of a list; some of them are fragments that PVE and PBS share."""
    texts = [
        documentation,
        *map(_fragment, re.findall(rf"- fleetgate\.proxmox\.((?:{'|'.join(SHARED)})\S*)", documentation)),
    ]
    # what is an option of the module is one of an entry here
    return [yaml.safe_load(re.sub(r"\bO\((?=\w)", f"O({option}[].", text)) for text in texts]


def _fragment(name):
    file, _dot, part = name.partition(".")
    module = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.doc_fragments.{file}")
    return getattr(module.ModuleDocFragment, part.upper() or "DOCUMENTATION")


def filters_of(system):
    """Documentation of the filters of `<system>_info`, which are scopes as well."""
    info = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_info")
    declared = info.MODULE.argument_spec["filters"]["options"]
    filters = {
        "description": [
            "Which objects are returned, by the list that they are of; all of a list that is not named here.",
            f"The conditions are those of O(fleetgate.proxmox.{system}_state#module:exclusive), so what would be exclusive can be"
            " looked at first.",
        ],
        "type": "dict",
        "suboptions": {option: _scope(one["options"], MATCHES) for option, one in declared.items()},
    }
    return yaml.safe_dump({"options": {"filters": filters}})


def _scope(conditions, description):
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
