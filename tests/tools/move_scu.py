"""A C-MOVE SCU of which a test sees every response."""

import struct

from dicom_writer import IMPLICIT_VR_LITTLE_ENDIAN
from dimse_peer import NO_DATA_SET, P_DATA_TF, Requestor, command_set, parse_command_set, pdvs, us
from processes import LOOPBACK

STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
PENDING = 0xFF00


def identifier(level, **uids):
    """A retrieve identifier in implicit VR little endian; `uids`: study, series, image."""
    elements = {(0x0008, 0x0052): level}
    for name, element in (("image", (0x0008, 0x0018)), ("study", (0x0020, 0x000D)), ("series", (0x0020, 0x000E))):
        if name in uids:
            elements[element] = "\\".join([uids[name]] if isinstance(uids[name], str) else uids[name])
    encoded = b""
    for (group, element), text in sorted(elements.items()):
        value = text.encode()
        value += (b" " if element == 0x0052 else b"\0") * (len(value) % 2)
        encoded += struct.pack("<HHI", group, element, len(value)) + value
    return encoded


class Move:
    """One C-MOVE on an association of its own."""

    def __init__(self, port, called, calling, destination, keys, timeout=60):
        contexts = [(STUDY_ROOT_MOVE, [IMPLICIT_VR_LITTLE_ENDIAN])]
        self.association = Requestor(LOOPBACK, port, calling, called, contexts, timeout=timeout)
        command = {
            0x0002: ("UI", STUDY_ROOT_MOVE),
            0x0100: ("US", 0x0021),
            0x0110: ("US", 1),
            0x0600: ("AE", destination),
            0x0700: ("US", 0),
            0x0800: ("US", 1),
        }
        self._send(command, keys)

    def _send(self, command, data_set=b""):
        context = self.association.context_for(STUDY_ROOT_MOVE)
        self.association.wire.send_message(
            context, command_set(command), data_set, self.association.peer_max_pdu, has_data_set=bool(data_set)
        )

    def cancel(self):
        self._send({0x0100: ("US", 0x0FFF), 0x0120: ("US", 1), 0x0800: ("US", NO_DATA_SET)})

    def response(self):
        """(status, [remaining, completed, failed, warning], failed UIDs)."""
        command, data_set, parsed = b"", b"", None
        while True:
            kind, body = self.association.receive()
            assert kind == P_DATA_TF
            for _, is_command, last, fragment in pdvs(body):
                if is_command:
                    command += fragment
                    if last:
                        parsed = parse_command_set(command)
                else:
                    data_set += fragment
                if last and parsed is not None and (not is_command or us(parsed, 0x0800) == NO_DATA_SET):
                    counts = [us(parsed, element) for element in (0x1020, 0x1021, 0x1022, 0x1023)]
                    failed = data_set[8:].rstrip(b"\0").decode().split("\\") if data_set else []
                    return us(parsed, 0x0900), counts, failed

    def responses(self):
        """All responses; the last one is final."""
        answers = [self.response()]
        while answers[-1][0] == PENDING:
            answers.append(self.response())
        self.association.release()
        return answers
