"""Kinds of values: rules, wire format, equality."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def fields():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core import fields

    return fields


NAMES = st.lists(st.text(alphabet="abcXYZ019._-", min_size=1, max_size=8), max_size=6)


@given(NAMES, st.sampled_from([None, " ", ","]))
def test_names_round_trip_over_the_wire(names, separator):
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core.fields import Names

    kind = Names(separator=separator)
    assert kind.same(kind.decode(kind.encode(names)), names)


@given(NAMES)
def test_names_compare_equal_regardless_of_order_and_repetition(names):
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core.fields import Names

    assert Names().same(names, [*reversed(names), *names])


@pytest.mark.parametrize("wire", [1, "1", True])
def test_flag_decodes_every_notation_of_true(fields, wire):
    assert fields.Flag().decode(wire) is True


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("Text(longest=3)", "abcd", "must not be longer than 3 characters (it has 4)"),
        ("Text(shortest=3)", "ab", "must have at least 3 characters"),
        ("Text(shortest=3)", "", None),
        ("Text()", "two\nlines", "must be a single line without control characters (a | in YAML adds a line break)"),
        ("Text()", "a\tb", "must be a single line without control characters (a | in YAML adds a line break)"),
        ("Text()", "blank ", "must not begin or end with a blank"),
        ("Text(free=True)", "blank ", None),
        ("CREDENTIAL", "with a blank", "may only have printable ASCII characters"),
        ("CREDENTIAL", "€", "may only have printable ASCII characters"),
        ("Text(pattern='[a-z]+', rule='may only have letters')", "a1", "may only have letters"),
        ("Text(pattern='[a-z]+', rule='may only have letters')", "", None),
        ("Number(0, 10)", 11, "must be from 0 to 10"),
        ("Number()", -1, "must be from 0 to 2147483647"),
        ("Moment()", 1767222000, None),
        ("Moment()", 1767222000000, "must be in seconds since 1970, and not in milliseconds"),
        ("Moment()", -1, "must be from 0 to 253402300799"),
        ("Mapping()", {"a": float("nan")}, "must not contain infinite numbers (.inf, .nan)"),
        ("Names(Text(pattern='[a-z]+', rule='may only have letters'))", ["a", "1"], "'1' may only have letters"),
        ("Names()", ["a", ""], "must not contain an empty name"),
    ],
)
def test_rule_describes_valid_values(fields, kind, value, problem):
    assert eval(kind, vars(fields)).problem(value) == problem  # pylint: disable=eval-used


@pytest.mark.parametrize(
    ("issuer", "good"),
    [
        ("https://id.example.org", True),
        ("https://id.example.org:8443/application/o/pve/", True),
        ("http://127.0.0.1:1411", True),
        ("http://localhost/x", True),
        ("http://[::1]:8080", True),
        ("http://id.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("https://", False),
        ("https://id.example.org/?x", False),
        ("id.example.org", False),
    ],
)
def test_issuer_must_use_https(issuer, good):
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core.oidc import ISSUER

    assert (ISSUER.problem(issuer) is None) is good
