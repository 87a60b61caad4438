"""Secrets that tasks of one run pass on to each other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.ansible import checkout

NAME = "ansible_collections.fleetgate.proxmox.plugins.plugin_utils.sealed"


@pytest.fixture
def sealed():
    from importlib import import_module

    return import_module(NAME)


def test_a_secret_is_not_in_its_ciphertext_and_comes_back(sealed):
    assert "a-client-secret" not in sealed.seal("a-client-secret")
    assert sealed.unseal(sealed.seal("a-client-secret")) == "a-client-secret"
    assert sealed.seal("") == sealed.unseal("") == ""


def test_a_secret_of_another_process_is_refused_with_the_reason(sealed, tmp_path):
    program = f"import sys; sys.path.insert(0, {str(checkout(tmp_path))!r}); from {NAME} import seal; print(seal('x'))"
    other = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    with pytest.raises(
        Exception, match="cannot be decrypted: both tasks must run in the same ansible-playbook process"
    ):
        sealed.unseal(other)
