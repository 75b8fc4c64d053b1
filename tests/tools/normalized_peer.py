"""N-ACTION, N-EVENT-REPORT, N-CREATE and N-SET (PS3.7 10) for the peer on plain sockets, and the data sets of storage commitment,
performed procedure steps and the work list, in Implicit VR Little Endian."""

import struct
import threading

from dicom_writer import IMPLICIT_VR_LITTLE_ENDIAN
from dimse_peer import NO_DATA_SET, StoreScp, command_set, ui, us

COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
N_EVENT_REPORT, N_SET, N_ACTION, N_CREATE = 0x0100, 0x0120, 0x0130, 0x0140
NO_SUCH_INSTANCE, PROCESSING_FAILURE = 0x0112, 0x0110
RESPONSE = 0x8000


def element(tag, value):
    raw = value if isinstance(value, bytes) else value.encode("ascii")
    raw += b"\0" * (len(raw) % 2)
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(raw)) + raw


def sequence(tag, items):
    return element(tag, b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(item)) + item for item in items))


def elements_of(raw):
    """{tag: raw value} of a data set of defined lengths."""
    found, offset = {}, 0
    while offset + 8 <= len(raw):
        group, number, length = struct.unpack_from("<HHI", raw, offset)
        found[group << 16 | number] = raw[offset + 8 : offset + 8 + length]
        offset += 8 + length
    return found


def items_of(raw):
    offset = 0
    while offset + 8 <= len(raw):
        length = struct.unpack_from("<I", raw, offset + 4)[0]
        yield elements_of(raw[offset + 8 : offset + 8 + length])
        offset += 8 + length


def text(elements, tag):
    return elements.get(tag, b"").rstrip(b"\0 ").decode("ascii")


def commitment(transaction, instances, failures=()):
    """`instances`: [(SOP class, SOP instance)]; `failures`: [(SOP class, SOP instance, reason)]."""

    def reference(sop_class, sop_instance, reason=None):
        item = element(0x00081150, sop_class) + element(0x00081155, sop_instance)
        return item + (element(0x00081197, struct.pack("<H", reason)) if reason else b"")

    data_set = element(0x00081195, transaction)
    if failures:
        data_set += sequence(0x00081198, [reference(*failure) for failure in failures])
    if instances:
        data_set += sequence(0x00081199, [reference(*instance) for instance in instances])
    return data_set


def read_commitment(data_set):
    """(transaction UID, {instance committed}, {instance: failure reason}, [(class, instance)] as referenced)."""
    elements = elements_of(data_set)
    references = [
        (text(item, 0x00081150), text(item, 0x00081155)) for item in items_of(elements.get(0x00081199, b""))
    ]
    failed = {
        text(item, 0x00081155): struct.unpack("<H", item[0x00081197])[0]
        for item in items_of(elements.get(0x00081198, b""))
    }
    return text(elements, 0x00081195), {uid for _, uid in references}, failed, references


def perform(association, command, sop_class, sop_instance, data_set, type_id=None):
    """The answer's command set to one operation on a Requestor. `type_id`: Action or Event Type ID."""
    association.message_id += 1
    affected = command in (N_EVENT_REPORT, N_CREATE)
    fields = {
        0x0002 if affected else 0x0003: ("UI", sop_class),
        0x0100: ("US", command),
        0x0110: ("US", association.message_id),
        0x0800: ("US", 0x0001),
        0x1000 if affected else 0x1001: ("UI", sop_instance),
    }
    if type_id is not None:
        fields[0x1002 if command == N_EVENT_REPORT else 0x1008] = ("US", type_id)
    context = association.context_for(sop_class)
    association.wire.send_message(context, command_set(fields), data_set, association.peer_max_pdu, has_data_set=True)
    return association._response()


class CommitmentPeer(StoreScp):
    """Takes instances, requests for storage commitment, and reports.

    `reports`: what came, as read_commitment gives it. `refuse`: answers an (SOP instance) with a failure reason or 0.
    `report_to`: called with (transaction UID, instances, failures) for each request; None: the report goes on its association.
    """

    def __post_init__(self):
        self.reports, self.requests = [], []
        self.refuse = lambda sop_instance: 0
        self.report_to = None
        self.preferred = IMPLICIT_VR_LITTLE_ENDIAN
        super().__post_init__()

    def _stored(self, wire, context, syntaxes, calling, request, data_set):
        command = us(request, 0x0100)
        if command == N_EVENT_REPORT:
            self.reports.append((us(request, 0x1002), *read_commitment(data_set)))
            self._answer(wire, context, request, ui(request, 0x0002))
        elif command == N_ACTION:
            transaction, _, _, references = read_commitment(data_set)
            self.requests.append((transaction, references))
            self._answer(wire, context, request, ui(request, 0x0003))
            failures = [(*one, self.refuse(one[1])) for one in references if self.refuse(one[1])]
            committed = [one for one in references if not self.refuse(one[1])]
            if self.report_to:
                threading.Thread(target=self.report_to, args=(transaction, committed, failures), daemon=True).start()
                return
            fields = {
                0x0002: ("UI", COMMITMENT),
                0x0100: ("US", N_EVENT_REPORT),
                0x0110: ("US", 77),
                0x0800: ("US", 0x0001),
                0x1000: ("UI", COMMITMENT_INSTANCE),
                0x1002: ("US", 2 if failures else 1),
            }
            report = commitment(transaction, committed, failures)
            wire.send_message(context, command_set(fields), report, has_data_set=True)
        else:
            super()._stored(wire, context, syntaxes, calling, request, data_set)

    @staticmethod
    def _answer(wire, context, request, sop_class):
        fields = {
            0x0002: ("UI", sop_class),
            0x0100: ("US", us(request, 0x0100) | RESPONSE),
            0x0120: ("US", us(request, 0x0110)),
            0x0800: ("US", NO_DATA_SET),
            0x0900: ("US", 0),
            0x1000: ("UI", COMMITMENT_INSTANCE),
        }
        wire.send_message(context, command_set(fields))


def contexts(sop_class):
    return [(sop_class, [IMPLICIT_VR_LITTLE_ENDIAN])]

