"""Secret files: nothing is lost on a full disk, and a killed run leaves nothing behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def secret_file():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core import secret_file

    return secret_file


@pytest.fixture
def errors():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core import errors

    return errors


def full_disk(monkeypatch, after):
    """Simulate a disk with room for a number of bytes and none for other files."""
    room, write = [after], os.write

    def limited(descriptor, content):
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = write(descriptor, bytes(content)[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", limited)


def test_secret_is_complete_after_short_writes(secret_file, tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, bytes(content)[:7]))
    file = secret_file.SecretFile(str(tmp_path / "token"))
    file.keep("a-secret-that-is-longer-than-one-write")
    file.close()
    assert (tmp_path / "token").read_text() == "a-secret-that-is-longer-than-one-write\n"
    assert os.stat(tmp_path / "token").st_mode & 0o777 == 0o600 and os.listdir(tmp_path) == ["token"]


@pytest.mark.parametrize("room", [0, 20, 200])
def test_full_disk_is_detected_before_the_server_is_called(secret_file, errors, tmp_path, monkeypatch, room):
    (tmp_path / "token").write_text("the-secret-of-now")
    full_disk(monkeypatch, room)
    with pytest.raises(errors.FleetgateError, match="No space left on device.*nothing was changed"):
        secret_file.SecretFile(str(tmp_path / "token"))
    assert (tmp_path / "token").read_text() == "the-secret-of-now" and os.listdir(tmp_path) == ["token"]


def test_secret_survives_a_disk_that_fills_up_later(secret_file, errors, tmp_path, monkeypatch):
    """As on copy-on-write file systems that another process fills in between."""
    (tmp_path / "token").write_text("the-secret-of-now")
    (tmp_path / "elsewhere").mkdir()
    file = secret_file.SecretFile(str(tmp_path / "token"))
    replace = os.replace

    def no_room(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", no_room)
    monkeypatch.setattr(secret_file.tempfile, "tempdir", str(tmp_path / "elsewhere"))
    with pytest.raises(
        errors.FleetgateError, match="the server has created the secret; it is in '.*fleetgate-secret-"
    ) as stopped:
        file.keep("the-next-secret")
    file.close()
    monkeypatch.setattr(os, "replace", replace)
    (saved,) = (tmp_path / "elsewhere").iterdir()
    assert saved.read_text() == "the-next-secret\n" and str(saved) in str(stopped.value)
    assert saved.stat().st_mode & 0o777 == 0o600 and (tmp_path / "token").read_text() == "the-secret-of-now"


def test_draft_of_a_killed_run_is_removed_and_that_of_a_running_one_kept(secret_file, tmp_path):
    script = (
        "import os, signal, sys\n"
        f"sys.path[:0] = {[path for path in sys.path if path]!r}\n"
        "from ansible_collections.fleetgate.proxmox.plugins.module_utils.core.secret_file import SecretFile\n"
        f"SecretFile({str(tmp_path / 'token')!r})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    (left,) = os.listdir(tmp_path)
    other = secret_file.SecretFile(str(tmp_path / "token"))
    (written,) = os.listdir(tmp_path)
    assert left != written and left.startswith(".token.fleetgate-")
    file = secret_file.SecretFile(str(tmp_path / "token"))
    assert len(os.listdir(tmp_path)) == 2
    for one, secret in ((other, "first"), (file, "second")):
        one.keep(secret)
        one.close()
    assert os.listdir(tmp_path) == ["token"] and (tmp_path / "token").read_text() == "second\n"


def test_symbolic_link_is_replaced_and_not_followed(secret_file, tmp_path):
    (tmp_path / "target").write_text("of somebody else")
    (tmp_path / "token").symlink_to(tmp_path / "target")
    file = secret_file.SecretFile(str(tmp_path / "token"))
    file.keep("a-secret")
    file.close()
    assert (tmp_path / "target").read_text() == "of somebody else" and not (tmp_path / "token").is_symlink()
