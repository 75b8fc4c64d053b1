"""An independent DICOM peer on plain sockets: association requestor and acceptor, C-ECHO and C-STORE (PS3.7, PS3.8).

It shares no code with the node under test, sends data sets byte for byte as they are given, and can send broken bytes on purpose.
"""

import socket
import struct
import threading
from dataclasses import dataclass, field

from dicom_writer import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, encode_value

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
IMPLEMENTATION_CLASS_UID = "2.25.210837194853820947328103847"

A_ASSOCIATE_RQ, A_ASSOCIATE_AC, A_ASSOCIATE_RJ, P_DATA_TF, A_RELEASE_RQ, A_RELEASE_RP, A_ABORT = range(1, 8)
C_STORE_RQ, C_STORE_RSP, C_ECHO_RQ, C_ECHO_RSP = 0x0001, 0x8001, 0x0030, 0x8030
NO_DATA_SET = 0x0101


class Rejected(Exception):
    """A-ASSOCIATE-RJ (PS3.8 table 9-21)."""

    def __init__(self, result, source, reason):
        super().__init__(f"rejected: result {result}, source {source}, reason {reason}")
        self.result, self.source, self.reason = result, source, reason


class Aborted(Exception):
    """A-ABORT (PS3.8 table 9-26)."""

    def __init__(self, source, reason):
        super().__init__(f"aborted: source {source}, reason {reason}")
        self.source, self.reason = source, reason


class Closed(Exception):
    """The peer closed the transport connection without a PDU."""


class NotAccepted(Exception):
    """No presentation context was accepted for what was to be sent."""


# --- PDU codec


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def ae_field(title):
    return title.encode("ascii").ljust(16)


def user_information(max_pdu):
    return item(
        0x50,
        item(0x51, struct.pack(">I", max_pdu))
        + item(0x52, IMPLEMENTATION_CLASS_UID.encode())
        + item(0x55, b"TEST_PEER"),
    )


def associate_rq(calling, called, contexts, max_pdu=16384, protocol_version=1):
    """`contexts`: {presentation context id: (abstract syntax, [transfer syntax, ...])}."""
    body = struct.pack(">HH", protocol_version, 0) + ae_field(called) + ae_field(calling) + bytes(32)
    body += item(0x10, APPLICATION_CONTEXT.encode())
    for number, (abstract, syntaxes) in contexts.items():
        parts = item(0x30, abstract.encode()) + b"".join(item(0x40, syntax.encode()) for syntax in syntaxes)
        body += item(0x20, struct.pack(">BBBB", number, 0, 0, 0) + parts)
    return pdu(A_ASSOCIATE_RQ, body + user_information(max_pdu))


def items_of(body):
    offset = 0
    while offset + 4 <= len(body):
        kind, length = body[offset], struct.unpack_from(">H", body, offset + 2)[0]
        yield kind, body[offset + 4 : offset + 4 + length]
        offset += 4 + length


def command_set(elements):
    """Group 0000 in Implicit VR Little Endian (PS3.7 6.3.1). `elements`: {element number: (vr, value)}."""
    body = b""
    for element in sorted(elements):
        vr, value = elements[element]
        raw = encode_value(vr, value, "ascii")
        body += struct.pack("<HHI", 0, element, len(raw)) + raw
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def parse_command_set(raw):
    """{element number: raw value}."""
    elements, offset = {}, 0
    while offset + 8 <= len(raw):
        _, element, length = struct.unpack_from("<HHI", raw, offset)
        elements[element] = raw[offset + 8 : offset + 8 + length]
        offset += 8 + length
    return elements


def us(elements, element, default=None):
    raw = elements.get(element)
    return default if raw is None else struct.unpack("<H", raw)[0]


def ui(elements, element):
    return elements.get(element, b"").rstrip(b"\0 ").decode("ascii", "replace")


class Wire:
    """PDUs over one transport connection."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, raw):
        self.connection.sendall(raw)

    def _exactly(self, count):
        parts = bytearray()
        while len(parts) < count:
            piece = self.connection.recv(count - len(parts))
            if not piece:
                raise Closed()
            parts += piece
        return bytes(parts)

    def receive(self):
        """The next PDU as (type, body). Errors: Closed, socket.timeout."""
        kind, _, length = struct.unpack(">BBI", self._exactly(6))
        return kind, self._exactly(length)

    def send_message(self, context, command, data_set=b"", max_pdu=16384, has_data_set=False):
        """One DIMSE message, fragmented so that no PDU exceeds `max_pdu` bytes of variable field (PS3.8 annex E)."""
        room = (max_pdu or 16384) - 6
        out = bytearray()
        for is_command, raw in ((1, command), (0, data_set)) if has_data_set else ((1, command),):
            view = memoryview(raw)
            for at in range(0, max(len(view), 1), room):
                piece = view[at : at + room]
                last = 2 if at + room >= len(view) else 0
                out += struct.pack(">BBIIBB", P_DATA_TF, 0, len(piece) + 6, len(piece) + 2, context, is_command | last)
                out += piece
        self.send(bytes(out))


def pdvs(body):
    """(context id, is command, is last, fragment) of a P-DATA-TF's variable field."""
    offset = 0
    while offset + 6 <= len(body):
        length, context, control = struct.unpack_from(">IBB", body, offset)
        yield context, bool(control & 1), bool(control & 2), body[offset + 6 : offset + 4 + length]
        offset += 4 + length


# --- requestor


class Requestor:
    """An association that we requested. `accepted`: {context id: (abstract syntax, transfer syntax)}."""

    def __init__(self, host, port, calling, called, contexts, timeout=30.0, max_pdu=65536, source_address=None):
        """`contexts`: [(abstract syntax, [transfer syntax, ...]), ...]. Errors: Rejected, Aborted, Closed, OSError."""
        source = (source_address, 0) if source_address else None
        connection = socket.create_connection((host, port), timeout=timeout, source_address=source)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = Wire(connection)
        self.message_id = 0
        proposed = {2 * at + 1: context for at, context in enumerate(contexts)}
        try:
            self.wire.send(associate_rq(calling, called, proposed, max_pdu))
            self._negotiate(proposed)
        except BaseException:
            connection.close()
            raise

    def _negotiate(self, proposed):
        kind, body = self.receive()
        if kind != A_ASSOCIATE_AC:
            raise Closed()
        self.accepted, self.peer_max_pdu, self.results = {}, 16384, {}
        for number, value in items_of(body[68:]):
            if number == 0x21:
                self.results[value[0]] = value[2]
                if value[2] == 0:
                    syntax = next((text.decode() for kind, text in items_of(value[4:]) if kind == 0x40), "")
                    self.accepted[value[0]] = (proposed[value[0]][0], syntax)
            elif number == 0x50:
                for sub, text in items_of(value):
                    if sub == 0x51:
                        self.peer_max_pdu = struct.unpack(">I", text)[0]

    def receive(self):
        kind, body = self.wire.receive()
        if kind == A_ASSOCIATE_RJ:
            raise Rejected(body[1], body[2], body[3])
        if kind == A_ABORT:
            raise Aborted(body[2], body[3])
        return kind, body

    def context_for(self, abstract, syntax=None):
        for number, (accepted_abstract, accepted_syntax) in self.accepted.items():
            if accepted_abstract == abstract and syntax in (None, accepted_syntax):
                return number
        raise NotAccepted(f"{abstract} in {syntax}")

    def _response(self):
        command = b""
        while True:
            kind, body = self.receive()
            if kind != P_DATA_TF:
                raise Closed()
            for _, is_command, last, fragment in pdvs(body):
                if is_command:
                    command += fragment
                    if last:
                        return parse_command_set(command)

    def echo(self):
        """Status of a C-ECHO."""
        self.message_id += 1
        command = command_set(
            {
                0x0002: ("UI", VERIFICATION),
                0x0100: ("US", C_ECHO_RQ),
                0x0110: ("US", self.message_id),
                0x0800: ("US", NO_DATA_SET),
            }
        )
        self.wire.send_message(self.context_for(VERIFICATION), command, max_pdu=self.peer_max_pdu)
        return us(self._response(), 0x0900)

    def begin_store(self, sop_class, sop_instance, syntax, data_set):
        """Sends a C-STORE request and does not wait. Returns the message ID."""
        self.message_id = self.message_id % 65535 + 1
        command = command_set(
            {
                0x0002: ("UI", sop_class),
                0x0100: ("US", C_STORE_RQ),
                0x0110: ("US", self.message_id),
                0x0700: ("US", 0),
                0x0800: ("US", 0x0001),
                0x1000: ("UI", sop_instance),
            }
        )
        self.wire.send_message(
            self.context_for(sop_class, syntax), command, data_set, self.peer_max_pdu, has_data_set=True
        )
        return self.message_id

    def store(self, sop_class, sop_instance, syntax, data_set):
        """(status, error comment) of a C-STORE of the bytes `data_set`. Errors: Aborted, Closed, NotAccepted, OSError."""
        self.begin_store(sop_class, sop_instance, syntax, data_set)
        response = self._response()
        return us(response, 0x0900), response.get(0x0902, b"").decode("ascii", "replace").strip()

    def release(self):
        self.wire.send(pdu(A_RELEASE_RQ, bytes(4)))
        try:
            while self.receive()[0] != A_RELEASE_RP:
                pass
        finally:
            self.close()

    def abort(self):
        try:
            self.wire.send(pdu(A_ABORT, bytes(4)))
        finally:
            self.close()

    def close(self):
        self.wire.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.release()
        else:
            self.close()


def store_contexts(files):
    """Presentation contexts that cover `files` (Part10), one per pair of SOP class and transfer syntax; at most 128."""
    pairs = sorted({(file.sop_class, file.transfer_syntax) for file in files})
    return [(abstract, [syntax]) for abstract, syntax in pairs]


# --- acceptor


@dataclass
class Received:
    """One C-STORE as it came over the wire."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    calling: str
    data_set: bytes


@dataclass
class StoreScp:
    """An acceptor that keeps what it is sent. `status`: answers a Received with a DIMSE status; it may block or raise.

    Accepts every abstract syntax with the first transfer syntax proposed, or `preferred`. Runs until `close`.
    """

    status: object = None
    port: int = 0
    keep_data_sets: bool = True
    preferred: str = ""
    received: list = field(default_factory=list)
    associations: int = 0

    def __post_init__(self):
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve_safely, args=(connection,), daemon=True).start()

    def _serve_safely(self, connection):
        try:
            self._serve(Wire(connection))
        except (Closed, OSError, struct.error):
            pass
        finally:
            connection.close()

    def _serve(self, wire):
        kind, body = wire.receive()
        if kind != A_ASSOCIATE_RQ:
            return
        with self._lock:
            self.associations += 1
        calling, contexts = body[20:36].decode().strip(), {}
        reply = body[:4] + body[4:68] + item(0x10, APPLICATION_CONTEXT.encode())
        for number, value in items_of(body[68:]):
            if number == 0x20:
                parts = list(items_of(value[4:]))
                abstract = next(text.decode() for sub, text in parts if sub == 0x30)
                syntaxes = [text.decode() for sub, text in parts if sub == 0x40]
                syntax = self.preferred if self.preferred in syntaxes else syntaxes[0]
                contexts[value[0]] = (abstract, syntax)
                reply += item(0x21, struct.pack(">BBBB", value[0], 0, 0, 0) + item(0x40, syntax.encode()))
        wire.send(pdu(A_ASSOCIATE_AC, reply + user_information(131072)))
        self._messages(wire, calling, contexts)

    def _messages(self, wire, calling, contexts):
        command, data_set, request = b"", bytearray(), None
        while True:
            kind, body = wire.receive()
            if kind == A_RELEASE_RQ:
                wire.send(pdu(A_RELEASE_RP, bytes(4)))
                return
            if kind != P_DATA_TF:
                return
            for context, is_command, last, fragment in pdvs(body):
                if is_command:
                    command += fragment
                    if last:
                        request, command = parse_command_set(command), b""
                        if us(request, 0x0100) == C_ECHO_RQ:
                            self._respond(wire, context, request, C_ECHO_RSP, 0)
                else:
                    data_set += fragment
                    if last:
                        self._stored(wire, context, contexts[context], calling, request, bytes(data_set))
                        data_set = bytearray()

    def _stored(self, wire, context, syntaxes, calling, request, data_set):
        instance = Received(ui(request, 0x0002), ui(request, 0x1000), syntaxes[1], calling, data_set)
        status = self.status(instance) if self.status else 0
        if status == 0:
            with self._lock:
                if not self.keep_data_sets:
                    instance.data_set = b""
                self.received.append(instance)
        self._respond(wire, context, request, C_STORE_RSP, status)

    @staticmethod
    def _respond(wire, context, request, field_code, status):
        elements = {
            0x0002: ("UI", ui(request, 0x0002)),
            0x0100: ("US", field_code),
            0x0120: ("US", us(request, 0x0110)),
            0x0800: ("US", NO_DATA_SET),
            0x0900: ("US", status),
        }
        if field_code == C_STORE_RSP:
            elements[0x1000] = ("UI", ui(request, 0x1000))
        wire.send_message(context, command_set(elements))


UNCOMPRESSED = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN]
