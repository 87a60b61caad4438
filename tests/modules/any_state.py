"""Strategies for declared states, derived from the tables of the resources."""

from __future__ import annotations

import string

from hypothesis import strategies as st

PRINTABLE = string.ascii_letters + string.digits + " .,:;@/-_=#'\"äé語"


def values(kind):
    """The valid values of an option, including the empty value that unsets it."""
    # kinds defined by a system are subclasses of these
    name = next((one.__name__ for one in type(kind).__mro__ if one.__module__.endswith("core.fields")), "")
    if name == "Flag":
        return st.booleans()
    if name in ("Number", "Moment"):
        numbers = st.integers(kind.least, min(kind.most, 2**31))
        return st.just(0) | numbers if kind.optional else numbers
    if name == "Properties":
        return st.fixed_dictionaries({}, optional={one.option: values(one.kind) for one in kind.parts})
    if name == "Mapping":
        return st.dictionaries(st.text(PRINTABLE, min_size=1), st.integers() | st.text(PRINTABLE), max_size=2)
    if name == "Names":
        return st.lists(_text(kind.each), max_size=3, unique=True).filter(lambda names: kind.problem(names) is None)
    return _text(kind) if kind.choices else st.just("") | _text(kind)


def _text(kind):
    if kind.choices:
        return st.sampled_from(kind.choices)
    raw = st.from_regex(rf"\A(?:{kind.pattern})\Z") if kind.pattern else st.text(PRINTABLE, min_size=1)
    return raw.map(lambda value: value[: kind.longest or 40]).filter(
        lambda value: value and kind.problem(value) is None
    )


def entries(resource, names, options, always):
    """Entries of one kind: objects with `names` (one value or tuple for each key option), each with any of its options.

    `options` has strategies for options that refer to other objects or depend on each other (None omits the option),
    `always` the options of every entry, such as the type of a realm.
    """
    told = {
        one.option: values(one.kind)
        for one in resource.table(always)
        if one.option not in (*resource.key, resource.variant, *options) and not (one.task_only or one.write_only)
    }
    told = {option: strategy for option, strategy in {**told, **options}.items() if strategy is not None}

    def of(name):
        key = dict(zip(resource.key, name if isinstance(name, tuple) else (name,)))
        present = st.fixed_dictionaries({}, optional=told).map(lambda given: {**key, **always, **given})
        kind = {option: value for option, value in always.items() if option == resource.variant}
        return st.none() | present | st.just({**key, **kind, "state": "absent"})

    return st.tuples(*(of(name) for name in names)).map(lambda drawn: [one for one in drawn if one])


def acl(resource, paths, roles, subjects):
    """ACL entries, one for each of some paths; `subjects` has the names for each option that lists subjects."""
    entry = st.fixed_dictionaries(
        {
            "path": st.sampled_from(paths),
            "roles": st.lists(st.sampled_from(roles), min_size=1, max_size=2, unique=True),
        },
        optional={"propagate": st.booleans(), "state": st.sampled_from(("present", "absent"))},
    )
    who = st.fixed_dictionaries(
        {},
        optional={
            option: st.lists(st.sampled_from(names), min_size=1, unique=True) for option, names in subjects.items()
        },
    )
    return st.lists(
        st.builds(lambda one, other: {**one, **other}, entry, who.filter(bool)),
        max_size=3,
        unique_by=lambda one: one["path"],
    )


def one_default(realms):
    return sum(1 for one in realms if one.get("default")) < 2


def removed(declared, plural, option):
    """The names of the objects of a kind that a state declares absent."""
    return {entry[option] for entry in declared.get(plural, ()) if entry.get("state") == "absent"}
