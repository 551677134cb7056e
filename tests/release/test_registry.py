"""The chart goes to a real registry and comes back the same; what fails on the way is told, and leaves nothing half."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netmatrix.helm import Helm
from releasing.__main__ import main, newest_section
from releasing.chart import sha256
from releasing.errors import ReleaseError
from releasing.registry import pull, push
from releasing.signing import Key
from tests.release.failing_proxy import losing_manifests
from tests.release.local_registry import Registry
from tests.support.scenarios import ROOT

NAME, VERSION = "red-kite-network", newest_section().version


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def breaking_off() -> Iterator[str]:
    """The address of a server that hangs up on whoever says something."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.release
def test_what_is_pulled_is_what_was_pushed_and_verifies(
    helm: Helm, key: Key, published: Path, registry: Registry, tmp_path: Path
) -> None:
    pushed = push(helm, published, registry.repository, plain_http=True)
    reference = f"{registry.repository}/{NAME}"
    pulled, digest = pull(helm, reference, VERSION, tmp_path / "out", keyring=key.public_ring, plain_http=True)
    assert digest == pushed
    assert sha256(pulled) == sha256(published)
    # Helm renames the provenance of what it pulls as it verifies; the bytes of the package are what counts.
    assert pulled.name == published.name
    assert push(helm, published, registry.repository, plain_http=True) == pushed, "the same again is the same"


@pytest.mark.release
def test_helm_renders_from_the_registry_what_it_renders_from_the_folder(
    helm: Helm, key: Key, published: Path, registry: Registry
) -> None:
    push(helm, published, registry.repository, plain_http=True)
    values = ["--namespace", "stalker", "--values", str(ROOT / "values/values-prod.yaml")]
    verified = ["--version", VERSION, "--plain-http", "--verify", "--keyring", str(key.public_ring)]
    remote = helm.run(["template", "red-kite", f"{registry.repository}/{NAME}", *verified, *values])
    assert remote.status == 0, remote.stderr
    assert remote.stdout == helm.run(["template", "red-kite", str(ROOT / "chart"), *values]).stdout


@pytest.mark.release
def test_a_package_that_was_changed_in_the_registry_does_not_come_in(
    helm: Helm, key: Key, published: Path, registry: Registry, tmp_path: Path
) -> None:
    push(helm, published, registry.repository, plain_http=True)
    (blob,) = (file for file in registry.storage.rglob("data") if sha256(file) == sha256(published))
    blob.write_bytes(b"\0" + blob.read_bytes()[1:])
    with pytest.raises(ReleaseError, match="is not pulled") as told:
        pull(helm, f"{registry.repository}/{NAME}", VERSION, tmp_path / "out", keyring=key.public_ring, plain_http=True)
    assert "is as it was" in str(told.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.release
def test_an_unsigned_package_is_not_taken_where_a_signature_is_demanded(
    helm: Helm, key: Key, published: Path, registry: Registry, tmp_path: Path
) -> None:
    bare = tmp_path / published.name
    bare.write_bytes(published.read_bytes())
    push(helm, bare, registry.repository, plain_http=True)
    with pytest.raises(ReleaseError, match="is not pulled"):
        pull(helm, f"{registry.repository}/{NAME}", VERSION, tmp_path / "out", keyring=key.public_ring, plain_http=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.release
def test_a_registry_that_goes_down_is_told_and_what_was_pulled_before_stays(
    helm: Helm, key: Key, published: Path, registry: Registry, tmp_path: Path
) -> None:
    push(helm, published, registry.repository, plain_http=True)
    reference, out = f"{registry.repository}/{NAME}", tmp_path / "out"
    pulled, _ = pull(helm, reference, VERSION, out, keyring=key.public_ring, plain_http=True)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    registry.stop()
    with pytest.raises(ReleaseError, match="connection refused"):
        pull(helm, reference, VERSION, out, keyring=key.public_ring, plain_http=True)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert pulled.name in before


@pytest.mark.release
def test_a_push_that_dies_late_leaves_no_version_to_be_seen(
    helm: Helm, key: Key, published: Path, registry: Registry, tmp_path: Path
) -> None:
    with losing_manifests(registry.address) as address, pytest.raises(ReleaseError, match="is not pushed") as told:
        push(helm, published, f"oci://{address}/charts", plain_http=True)
    assert "nothing was published" in told.value.remedy
    assert any(sha256(file) == sha256(published) for file in registry.storage.rglob("data")), "its bytes had arrived"
    reference = f"{registry.repository}/{NAME}"
    with pytest.raises(ReleaseError, match="not found"):
        pull(helm, reference, VERSION, tmp_path / "out", keyring=key.public_ring, plain_http=True)
    push(helm, published, registry.repository, plain_http=True)
    pull(helm, reference, VERSION, tmp_path / "out", keyring=key.public_ring, plain_http=True)


def test_a_registry_that_is_down_is_told_with_what_to_do_and_nothing_is_written(
    helm: Helm, published: Path, nobody: str, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError) as pushing:
        push(helm, published, f"oci://{nobody}/charts", plain_http=True)
    assert f"the chart is not pushed to oci://{nobody}/charts: " in str(pushing.value)
    assert "connection refused" in str(pushing.value)
    assert "cannot be reached: see that it runs" in pushing.value.remedy
    assert "nothing was published" in pushing.value.remedy
    with pytest.raises(ReleaseError, match="is not pulled") as pulling:
        pull(helm, f"oci://{nobody}/charts/{NAME}", VERSION, tmp_path / "out", keyring=None, plain_http=True)
    assert "cannot be reached" in pulling.value.remedy
    assert not (tmp_path / "out").exists()


def test_a_registry_that_hangs_up_is_told_and_nothing_is_written(helm: Helm, published: Path, tmp_path: Path) -> None:
    with breaking_off() as address:
        with pytest.raises(ReleaseError, match="is not pushed") as pushing:
            push(helm, published, f"oci://{address}/charts", plain_http=True)
        with pytest.raises(ReleaseError, match="is not pulled"):
            pull(helm, f"oci://{address}/charts/{NAME}", VERSION, tmp_path / "out", keyring=None, plain_http=True)
    assert "cannot be reached" in pushing.value.remedy
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_is_wrong_and_ends_with_2(
    published: Path, nobody: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["push", str(published), f"oci://{nobody}/charts", "--plain-http"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"release: the chart is not pushed to oci://{nobody}/charts: ")
    assert "Traceback" not in told.err
