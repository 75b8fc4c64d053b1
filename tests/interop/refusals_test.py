"""Peers that must not get in, and bytes that break the protocol: the right A-ASSOCIATE-RJ or A-ABORT (PS3.8 9.3.4, 9.3.8)."""

import socket
import struct
import unittest

import support
from dicom_writer import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dimse_peer import (
    A_ABORT,
    A_ASSOCIATE_AC,
    A_ASSOCIATE_RJ,
    A_RELEASE_RP,
    P_DATA_TF,
    VERIFICATION,
    Closed,
    Rejected,
    Wire,
    associate_rq,
    pdu,
)
from node import AE_TITLE, CALLING_AE_TITLE
from processes import LOOPBACK, wait_until

ECHO = [(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])]
PERMANENT, TRANSIENT = 1, 2
SERVICE_USER, ACSE, PRESENTATION = 1, 2, 3
ABORT_BY_USER, SERVICE_PROVIDER = 0, 2
UNRECOGNIZED_PDU, UNEXPECTED_PDU, INVALID_PARAMETER = 1, 2, 6


class Refusals(support.NodeTestCase):
    settings = {"max_associations": 4}
    peers = [
        {"ae_title": CALLING_AE_TITLE, "site": "SITE01", "addresses": ["127.0.0.1"]},
        {"ae_title": "ELSEWHERE", "site": "SITE01", "addresses": ["192.0.2.0/24"], "allow_plain": True},
    ]

    def assert_rejected(self, result, source, reason, **options):
        with self.assertRaises(Rejected) as caught:
            self.associate(ECHO, **options).release()
        self.assertEqual(
            (caught.exception.result, caught.exception.source, caught.exception.reason), (result, source, reason)
        )

    def logged(self, text):
        return wait_until(lambda: [line for line in self.node.log().splitlines() if text in line], 5)

    def test_unknown_calling_ae_title(self):
        self.assert_rejected(PERMANENT, SERVICE_USER, 3, calling="NOBODY")
        self.assertTrue(self.logged("NOBODY"), "no log line names the refused AE title")

    def test_ae_titles_are_case_sensitive(self):
        self.assert_rejected(PERMANENT, SERVICE_USER, 3, calling=CALLING_AE_TITLE.lower())

    def test_wrong_called_ae_title(self):
        self.assert_rejected(PERMANENT, SERVICE_USER, 7, called="OTHERNODE")
        self.assertTrue(self.logged("OTHERNODE"), "no log line names the wrong called AE title")

    def test_known_ae_title_from_another_address(self):
        self.assert_rejected(PERMANENT, SERVICE_USER, 3, calling="ELSEWHERE")
        self.assert_rejected(PERMANENT, SERVICE_USER, 3, source_address="127.0.0.9")

    def test_over_the_limit_of_associations(self):
        open_associations = []
        self.addCleanup(lambda: [association.close() for association in open_associations])
        for _ in range(4):
            open_associations.append(self.associate(ECHO))
        self.assert_rejected(TRANSIENT, PRESENTATION, 2)
        open_associations.pop().release()

        def accepted():
            try:
                return self.echo() == 0
            except Rejected:
                return False

        self.assertTrue(wait_until(accepted, 5), "a place that became free is not given away")

    # --- raw bytes

    def raw(self):
        connection = socket.create_connection((LOOPBACK, self.node.port), timeout=20)
        self.addCleanup(connection.close)
        return Wire(connection)

    def established(self):
        wire = self.raw()
        wire.send(
            associate_rq(CALLING_AE_TITLE, AE_TITLE, {1: ECHO[0], 3: (CT_IMAGE_STORAGE, [EXPLICIT_VR_LITTLE_ENDIAN])})
        )
        self.assertEqual(wire.receive()[0], A_ASSOCIATE_AC)
        return wire

    def assert_aborted_before_association(self, wire):
        """AA-1 of table 9-10 in Sta2: the source is the service user, and the reason then means nothing (9.3.8)."""
        kind, body = wire.receive()
        self.assertEqual((kind, body[2]), (A_ABORT, ABORT_BY_USER))
        with self.assertRaises(Closed):
            wire.receive()

    def assert_aborted(self, wire, reason):
        """AA-8 of table 9-10."""
        kind, body = wire.receive()
        self.assertEqual(kind, A_ABORT)
        self.assertEqual((body[2], body[3]), (SERVICE_PROVIDER, reason))
        with self.assertRaises(Closed):
            wire.receive()

    def reject_of(self, request):
        wire = self.raw()
        wire.send(request)
        kind, body = wire.receive()
        self.assertEqual(kind, A_ASSOCIATE_RJ)
        return tuple(body[1:4])

    def test_protocol_version(self):
        request = associate_rq(CALLING_AE_TITLE, AE_TITLE, {1: ECHO[0]}, protocol_version=2)
        self.assertEqual(self.reject_of(request), (PERMANENT, ACSE, 2))

    def test_only_bit_0_of_the_protocol_version_counts(self):
        wire = self.raw()
        wire.send(associate_rq(CALLING_AE_TITLE, AE_TITLE, {1: ECHO[0]}, protocol_version=0x8003))
        self.assertEqual(wire.receive()[0], A_ASSOCIATE_AC)

    def test_application_context(self):
        request = associate_rq(CALLING_AE_TITLE, AE_TITLE, {1: ECHO[0]}).replace(
            b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.9"
        )
        self.assertEqual(self.reject_of(request), (PERMANENT, SERVICE_USER, 2))

    def test_unknown_pdu_type_before_an_association(self):
        wire = self.raw()
        wire.send(pdu(0x09, bytes(4)))
        self.assert_aborted_before_association(wire)

    def test_unknown_pdu_type_within_an_association(self):
        wire = self.established()
        wire.send(pdu(0xFF, bytes(16)))
        self.assert_aborted(wire, UNRECOGNIZED_PDU)

    def test_unexpected_pdu(self):
        wire = self.established()
        wire.send(associate_rq(CALLING_AE_TITLE, AE_TITLE, {1: ECHO[0]}))
        self.assert_aborted(wire, UNEXPECTED_PDU)

    def test_data_before_an_association(self):
        wire = self.raw()
        wire.send(pdu(P_DATA_TF, struct.pack(">IBB", 2, 1, 3)))
        self.assert_aborted_before_association(wire)

    def test_a_web_browser(self):
        wire = self.raw()
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assert_aborted_before_association(wire)

    def test_pdv_longer_than_its_pdu(self):
        wire = self.established()
        wire.send(pdu(P_DATA_TF, struct.pack(">IBB", 4000, 1, 3) + bytes(20)))
        self.assert_aborted(wire, INVALID_PARAMETER)

    def test_pdu_longer_than_advertised(self):
        wire = self.established()
        wire.send(struct.pack(">BBI", P_DATA_TF, 0, 0x7FFFFFFF) + bytes(64))
        self.assert_aborted(wire, INVALID_PARAMETER)

    def test_presentation_context_that_was_not_accepted(self):
        wire = self.established()
        wire.send(pdu(P_DATA_TF, struct.pack(">IBB", 12, 99, 3) + bytes(10)))
        kind, body = wire.receive()
        self.assertEqual((kind, body[2]), (A_ABORT, SERVICE_PROVIDER))

    def test_command_that_is_none(self):
        wire = self.established()
        wire.send(pdu(P_DATA_TF, struct.pack(">IBB", 34, 1, 3) + b"\xff" * 32))
        self.assertEqual(wire.receive()[0], A_ABORT)

    def test_release_and_silence(self):
        wire = self.established()
        wire.send(pdu(5, bytes(4)))
        self.assertEqual(wire.receive()[0], A_RELEASE_RP)

    def test_it_still_serves(self):
        self.assertEqual(self.echo(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
