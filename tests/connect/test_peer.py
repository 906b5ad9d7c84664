"""TLS: the peer's certificate is checked, and a key that others may read is refused."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from bloodcells_gui.connect.hl7_result import hl7_message
from bloodcells_gui.connect.mllp import send_hl7
from bloodcells_gui.connect.peer import Unreached
from scripts.tools.scripted_peer import ScriptedPeer
from tests.support.outboxes import at_port
from tests.support.results import a_result

pytestmark = pytest.mark.loopback
RESULT = a_result()


def made_certificate(folder: Path, name: str) -> Path:
    """A certificate with its key, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    key, made, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", made, "-days", "2",
         "-subj", "/CN=peer", "-addext", f"subjectAltName={name}"],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + made.read_bytes())
    both.chmod(0o600)
    return both


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


def secured(certificate: Path, *, asks: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate.with_name("cert.pem"))
    return context


def test_a_trusted_peer_is_reached_and_knows_the_workstation(certificate: Path) -> None:
    with ScriptedPeer(context=secured(certificate, asks=True)) as peer:
        authority = str(certificate.with_name("cert.pem"))
        destination = at_port(
            peer.port, tls=True, ca_file=authority, certificate=str(certificate), timeout_s=5
        )
        assert send_hl7(destination, hl7_message(RESULT, destination), RESULT.control_id).accepted


def test_a_peer_that_nobody_vouches_for_gets_nothing(certificate: Path) -> None:
    with ScriptedPeer(context=secured(certificate)) as peer:
        with pytest.raises(Unreached, match="not trusted"):
            send_hl7(at_port(peer.port, tls=True), b"x", "1")
        assert peer.messages == []


def test_a_peer_of_another_name_gets_nothing(tmp_path: Path) -> None:
    other = made_certificate(tmp_path, "DNS:elsewhere")
    with ScriptedPeer(context=secured(other)) as peer:
        authority = str(other.with_name("cert.pem"))
        with pytest.raises(Unreached, match="not trusted"):
            send_hl7(at_port(peer.port, tls=True, ca_file=authority), b"x", "1")
        assert peer.messages == []


def test_a_peer_without_tls_gets_nothing(certificate: Path) -> None:
    with ScriptedPeer() as peer, pytest.raises(Unreached):
        send_hl7(at_port(peer.port, tls=True), b"x", "1")


def test_a_key_that_others_may_read_is_refused(certificate: Path, tmp_path: Path) -> None:
    open_key = tmp_path / "key.pem"
    shutil.copy(certificate, open_key)
    open_key.chmod(0o644)
    with pytest.raises(Unreached, match="others may read"):
        send_hl7(at_port(9, tls=True, certificate=str(open_key)), b"x", "1")
    with pytest.raises(Unreached, match="cannot be used"):
        send_hl7(at_port(9, tls=True, ca_file=str(tmp_path / "gone.pem")), b"x", "1")
