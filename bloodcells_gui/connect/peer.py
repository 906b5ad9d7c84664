"""A connection to a peer on the network: the only place that opens one, and only to a destination.

Whatever the peer does, a conversation ends in time and holds a bounded amount of memory.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bloodcells_gui.domain.connecting import TCP, Destination
from bloodcells_gui.domain.errors import system_reason
from bloodcells_gui.domain.i18n import N_, Reason

_AT_ONCE = 65_536
_OTHERS = 0o077

TOO_LATE = N_("the peer did not answer within {seconds} s")
CLOSED = N_("the peer closed the connection")
STOPPED = N_("a person stopped it")
CAME = N_("{reason}; what came begins with {data}")
# How long a wait goes on after a person stopped it.
_SLICE_S = 0.2


_SHOWN_BYTES = 60


def shown_bytes(data: bytes | bytearray) -> str:
    """The first bytes of what a peer said, in signs that every terminal shows."""
    text = "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in data[:_SHOWN_BYTES])
    return f"{text}…" if len(data) > _SHOWN_BYTES else text


@contextlib.contextmanager
def quoting(heard: bytearray) -> Iterator[None]:
    """An Unreached from within says the first bytes of what is in `heard` by then, where that is anything."""
    try:
        yield
    except Unreached as error:
        if not heard:
            raise
        raise Unreached(CAME, reason=error.words, data=shown_bytes(heard)) from error


class Unreached(Exception):
    """A message did not reach the peer, or nobody knows whether it did: it is to be sent again.

    `words` say why.
    """

    def __init__(self, template: str, **params: object) -> None:
        self.words = Reason(template, tuple(params.items()))
        super().__init__(self.words.text())


class Peer:
    """An open connection; every wait ends at a deadline.

    Parameters
    ----------
    connection : socket.socket
        Owned by the peer from now on.
    timeout_s : float
        Said in complaints.
    stop : callable
        Asked while waiting; when it says so the conversation ends.
    """

    def __init__(
        self, connection: socket.socket, timeout_s: float, stop: Callable[[], bool] | None = None
    ) -> None:
        self._socket = connection
        self._timeout_s = timeout_s
        self._stop = stop
        self._buffer, self._read = b"", 0

    @property
    def ends(self) -> tuple[str, str]:
        """Address of this workstation and of the peer, as the connection has them."""
        with self._in_words():
            return str(self._socket.getsockname()[0]), str(self._socket.getpeername()[0])

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def send(self, data: bytes, within_s: float | None = None) -> None:
        """Send all of `data`; Unreached where the peer takes it too slowly or is gone."""
        self._socket.settimeout(self._timeout_s if within_s is None else within_s)
        with self._in_words():
            self._socket.sendall(data)

    def receive(self, until: float) -> bytes:
        """What has come, at least one byte, at most 64 KiB.

        Parameters
        ----------
        until : float
            Deadline on `time.monotonic`.

        Raises
        ------
        Unreached
            When nothing comes in time, or the peer closed.
        """
        if self._read < len(self._buffer):
            data, self._buffer, self._read = self._buffer[self._read :], b"", 0
            return data
        with self._in_words():
            data = self._wait(until)
        if not data:
            raise Unreached(CLOSED)
        return data

    def _wait(self, until: float) -> bytes:
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise Unreached(TOO_LATE, seconds=f"{self._timeout_s:g}")
            if self._stop is not None and self._stop():
                raise Unreached(STOPPED)
            self._socket.settimeout(left if self._stop is None else min(left, _SLICE_S))
            try:
                return self._socket.recv(_AT_ONCE)
            except TimeoutError:
                continue

    def byte(self, until: float) -> bytes:
        """The next byte; raises as :meth:`receive`."""
        if self._read >= len(self._buffer):
            self._buffer, self._read = b"", 0
            self._buffer = self.receive(until)
        self._read += 1
        return self._buffer[self._read - 1 : self._read]

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise Unreached(TOO_LATE, seconds=f"{self._timeout_s:g}") from error
        except (ConnectionError, ssl.SSLError) as error:
            raise Unreached(CLOSED) from error
        except OSError as error:
            raise Unreached("{reason}", reason=system_reason(error)) from error


@contextlib.contextmanager
def connected(destination: Destination, stop: Callable[[], bool] | None = None) -> Iterator[Peer]:
    """A connection to a destination on the network; closed at the end, whatever happens.

    `stop` is asked while an answer is waited for.

    Raises
    ------
    Unreached
        When it cannot be made.
    """
    if destination.transport != TCP:
        raise Unreached(N_("{name} is no destination on the network"), name=destination.name)
    timeout = float(destination.timeout_s)
    context = _tls(destination) if destination.tls else None
    try:
        plain = socket.create_connection((destination.host, destination.port), timeout)
    except TimeoutError as error:
        raise Unreached(TOO_LATE, seconds=f"{timeout:g}") from error
    except socket.gaierror as error:
        raise Unreached(N_("no computer {host} is known"), host=destination.host) from error
    except ConnectionRefusedError as error:
        raise Unreached(N_("nothing listens at {address}"), address=destination.address) from error
    except (OSError, UnicodeError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else Reason(str(error))
        raise Unreached("{reason}", reason=reason) from error
    with contextlib.ExitStack() as stack:
        stack.callback(plain.close)
        connection: socket.socket = plain
        if context is not None:
            connection = _secured(context, plain, destination)
            stack.callback(connection.close)
        yield Peer(connection, timeout, stop)


class Answers:
    """Where the peer of a conversation may connect to with its answer, as long as that lasts."""

    def __init__(
        self, listener: socket.socket, host: str, timeout_s: float, stop: Callable[[], bool] | None
    ) -> None:
        self._listener, self._host, self._timeout_s, self._stop = listener, host, timeout_s, stop
        self._taken: Peer | None = None

    def accept(self, until: float) -> Peer:
        """The connection of the peer that was asked; others are closed at once.

        Raises
        ------
        Unreached
            When it does not come by `until` (on `time.monotonic`), or a person stopped it.
        """
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise Unreached(TOO_LATE, seconds=f"{self._timeout_s:g}")
            if self._stop is not None and self._stop():
                raise Unreached(STOPPED)
            self._listener.settimeout(min(left, _SLICE_S))
            try:
                connection, address = self._listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                raise Unreached("{reason}", reason=system_reason(error)) from error
            if address[0] != self._host:
                connection.close()
                continue
            self.close()
            self._taken = Peer(connection, self._timeout_s, self._stop)
            return self._taken

    def close(self) -> None:
        """End the connection that was taken."""
        if self._taken is not None:
            self._taken.close()


@contextlib.contextmanager
def answering(
    peer: Peer, port: int, timeout_s: float, stop: Callable[[], bool] | None
) -> Iterator[Answers | None]:
    """Listen at `port`, where the conversation with `peer` has its own end, for that peer alone; 0 for not.

    Raises
    ------
    Unreached
        When the port is taken.
    """
    if not port:
        yield None
        return
    own, other = peer.ends
    try:
        listener = socket.create_server((own, port), family=_family(own), backlog=2)
    except OSError as error:
        text = N_("this workstation cannot listen at port {port}: {reason}")
        raise Unreached(text, port=port, reason=system_reason(error)) from error
    with contextlib.ExitStack() as stack:
        stack.callback(listener.close)
        answers = Answers(listener, other, timeout_s, stop)
        stack.callback(answers.close)
        yield answers


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _secured(context: ssl.SSLContext, plain: socket.socket, destination: Destination) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(plain, server_hostname=destination.host)
    except ssl.SSLCertVerificationError as error:
        text = N_("the certificate of the peer is not trusted: {reason}")
        raise Unreached(text, reason=error.verify_message) from error
    except (ssl.SSLError, OSError) as error:
        text = N_("no secure connection: {reason}")
        raise Unreached(text, reason=getattr(error, "reason", None) or str(error)) from error


def _tls(destination: Destination) -> ssl.SSLContext:
    """TLS 1.2 or later, with the peer's name checked; Unreached where a file of it cannot be used."""
    try:
        context = ssl.create_default_context(cafile=destination.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if destination.certificate:
            _refuse_open_key(Path(destination.certificate))
            # An empty pass phrase fails at once, where OpenSSL would ask on the terminal.
            context.load_cert_chain(destination.certificate, password="")
    except (OSError, ssl.SSLError, ValueError) as error:
        text = N_("the certificates of {name} cannot be used: {reason}")
        raise Unreached(text, name=destination.name, reason=str(error)) from error
    return context


def _refuse_open_key(path: Path) -> None:
    """A private key that others may read is none."""
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise Unreached(N_("others may read {path}, which holds a private key"), path=path.name)
