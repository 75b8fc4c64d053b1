"""Delivery by STOW-RS (PS3.18 10.5): to Orthanc's DICOMweb plug-in, and to a server that answers what a test says."""

import collections
import glob
import http.server
import json
import os
import ssl
import threading
import time
import unittest

import support
from certificates import Authority
from node import DELIVERED
from peer_table import with_peer
from processes import LOOPBACK, Orthanc, wait_until
from sample_studies import BASELINE, of_the_charter, patient, study

import part10

PLUGIN = sorted(glob.glob("/usr/share/orthanc/plugins/libOrthancDicomWeb.so*"))
PASSWORD = "no-one-must-read-this"
REFERENCED, FAILED, INSTANCE, REASON = "00081199", "00081198", "00081155", "00081197"


def answer(stored=(), failed=()):
    """A Store Instances Response: `failed` are (UID, reason)."""

    def item(uid, reason=None):
        content = {INSTANCE: {"vr": "UI", "Value": [uid]}}
        return content if reason is None else {**content, REASON: {"vr": "US", "Value": [reason]}}

    sequences = {REFERENCED: [item(uid) for uid in stored], FAILED: [item(*entry) for entry in failed]}
    return json.dumps({tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}).encode()


class StowServer:
    """Keeps the parts of every request and answers by `behave(uids)`: (status, headers, body). `context`: with TLS."""

    def __init__(self, context=None):
        self.behave, self.requests, self.stored = self.store_all, [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                boundary = self.headers["Content-Type"].split("boundary=")[1].encode()
                parts = [part.split(b"\r\n\r\n", 1) for part in body.split(b"--" + boundary)[1:-1]]
                files = [(head, part10.split(file[:-2])) for head, file in parts]
                outer.requests.append((self.path, dict(self.headers), [head for head, _ in files]))
                uids = [file.sop_instance for _, file in files]
                status, headers, text = outer.behave(uids)
                if status in (200, 202):
                    accepted = {entry[INSTANCE]["Value"][0] for entry in outer.items(text, REFERENCED)}
                    outer.stored.update((file.sop_instance, file) for _, file in files if file.sop_instance in accepted)
                self.send_response(status)
                for name, value in {"Content-Type": "application/dicom+json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def items(text, tag):
        try:
            return json.loads(text).get(tag, {}).get("Value", [])
        except ValueError:
            return []

    @staticmethod
    def store_all(uids):
        return 200, {}, answer(stored=uids)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class StowTestCase(support.NodeTestCase):
    __test__ = False
    settings = {"quiet_seconds": 1}

    @classmethod
    def deliver_to(cls, url, **keys):
        cls.destinations = [
            {"name": "irc-archive", "stow": {"url": url, **keys}, "retry_first_seconds": 1, "response_seconds": 3}
        ]

    def send_study(self, number):
        made = study(patient(number), "siemens", BASELINE)
        self.send(made.instances)
        return made

    def deliveries(self, made):
        row = self.node.by_study_uid(made.plan.study_uid)
        return self.node.study(row["id"])["deliveries"] if row else []

    def assert_delivered(self, made):
        row = self.node.wait_for_state(made.plan.study_uid, DELIVERED, 60)
        self.assertIsNotNone(row, f"not delivered: {self.deliveries(made)} {self.node.log()[-800:]}")
        return len(of_the_charter(made.instances))


class ToOrthanc(StowTestCase):
    __test__ = bool(PLUGIN)

    @classmethod
    def before_node(cls):
        cls.archive = Orthanc(
            os.path.join(cls.directory, "orthanc"),
            settings={"Plugins": PLUGIN[:1], "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}},
        )
        cls.addClassCleanup(cls.archive.close)
        cls.deliver_to(f"http://{LOOPBACK}:{cls.archive.http_port}/dicom-web/")

    @with_peer("Orthanc", "STOW-RS as origin server")
    def test_a_study_arrives_as_it_was_de_identified(self):
        wanted = self.assert_delivered(self.send_study(1))
        names = self.archive.instances()
        self.assertEqual(len(names), wanted)
        row = self.node.by_study_uid(study(patient(1), "siemens", BASELINE).plan.study_uid)
        derived = {entry["sop_instance_uid"] for entry in self.node.study(row["id"])["derived"]}
        files = [part10.split(self.archive.request("GET", f"/instances/{name}/file")) for name in names]
        self.assertEqual({file.sop_instance for file in files}, derived)


class ToServer(StowTestCase):
    """A server that does what a test says, asked with a user and a password."""

    __test__ = True

    @classmethod
    def before_node(cls):
        cls.server = StowServer()
        cls.addClassCleanup(cls.server.close)
        password = os.path.join(cls.directory, "password")
        with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(PASSWORD + "\n")
        cls.log_must_not_hold[PASSWORD.encode()] = "the password"
        cls.deliver_to(f"http://{LOOPBACK}:{cls.server.port}/web", user="gate", password_file=password)

    def setUp(self):
        self.server.behave = self.server.store_all
        self.server.requests.clear()

    def test_all_are_stored(self):
        wanted = self.assert_delivered(made := self.send_study(1))
        mine = {entry["sop_instance_uid"] for entry in self.deliveries(made)}
        self.assertEqual(len(mine), wanted)
        self.assertLessEqual(mine, set(self.server.stored))
        path, headers, parts = self.server.requests[0]
        self.assertEqual(path, "/web/studies")
        self.assertEqual(headers["Authorization"], "Basic Z2F0ZTpuby1vbmUtbXVzdC1yZWFkLXRoaXM=")
        self.assertIn('multipart/related; type="application/dicom"', headers["Content-Type"])
        self.assertIn("application/dicom+json", headers["Accept"])
        self.assertTrue(all(b"Content-Type: application/dicom" in part for part in parts))

    def test_each_instance_has_an_account_of_its_own(self):
        seen = collections.Counter()

        chosen, turn = [], threading.Lock()

        def behave(uids):
            with turn:
                seen.update(uids)
                # Of the first request one fails for good, and one the first time only.
                chosen[:] = chosen or sorted(uids)[:2]
            bad, busy = chosen
            failed = [(uid, 0xC000) for uid in uids if uid == bad]
            failed += [(uid, 0xA700) for uid in uids if uid == busy and seen[busy] == 1]
            stored = [uid for uid in uids if uid not in dict(failed)]
            return 202, {}, answer(stored, failed)

        self.server.behave = behave
        made = self.send_study(2)

        def settled():
            states = collections.Counter(entry["state"] for entry in self.deliveries(made))
            return states if states and not states["queued"] else None

        states = wait_until(settled, 60, 0.3)
        self.assertEqual(states["failed"], 1, self.deliveries(made))
        self.assertEqual(sum(states.values()) - 1, states["delivered"])
        statuses = {entry["last_error"] for entry in self.deliveries(made) if entry["state"] == "failed"}
        self.assertEqual(statuses, {"status C000H"})
        # What was stored is not sent again.
        self.assertEqual(sorted(seen.values())[-2:], [1, 2])

    def test_nothing_counts_as_delivered_but_a_whole_answer(self):
        answers = [
            (503, b"later"),
            (302, b""),
            (200, b"<html>stored, trust me</html>"),
            (200, b"{}"),
            (200, b"x" * 5_000_000),
            (401, b""),
        ]
        # One study meets all of them, one after the other, and then a server that works.
        queue = list(answers)

        def behave(uids):
            if not queue:
                return self.server.store_all(uids)
            status, text = queue.pop(0)
            return status, {"Location": "http://192.0.2.1/studies"}, text

        self.server.behave = behave
        made = self.send_study(3)
        self.assert_delivered(made)
        self.assertEqual(queue, [])
        for why in ("HTTP status 503", "HTTP status 302", "HTTP status 401", "the answer cannot be read", "does not name"):
            self.assertIn(why, self.node.log())

    def test_409_without_a_reason_waits_for_a_person(self):
        self.server.behave = lambda uids: (409, {}, b"{}")
        made = self.send_study(4)
        failed = wait_until(lambda: [entry for entry in self.deliveries(made) if entry["state"] == "failed"], 60, 0.3)
        self.assertTrue(failed)
        self.assertIn("409", failed[0]["last_error"])

    def test_the_one_that_is_refused_does_not_take_the_others_with_it(self):
        culprit, turn = [], threading.Lock()

        def behave(uids):
            with turn:
                culprit[:] = culprit or [max(uids)]
            return (400, {}, b"") if culprit[0] in uids else self.server.store_all(uids)

        self.server.behave = behave
        made = self.send_study(5)

        def settled():
            states = collections.Counter(entry["state"] for entry in self.deliveries(made))
            return states if states and not states["queued"] else None

        states = wait_until(settled, 60, 0.3)
        self.assertEqual(states["failed"], 1, self.deliveries(made))
        self.assertGreater(states["delivered"], 1)

    def test_a_server_that_stalls_is_left(self):
        stalled = []

        def behave(uids):
            if not stalled:
                stalled.append(time.monotonic())
                time.sleep(20)
            return self.server.store_all(uids)

        self.server.behave = behave
        made = self.send_study(6)
        self.assert_delivered(made)
        self.assertIn("destination.unreachable destination=irc-archive failures=1", self.node.log())
        self.assertIn("Timeout was reached", self.node.log())


class WithTls(StowTestCase):
    """The server's certificate is of an authority that the node trusts, the client's is asked for."""

    __test__ = True
    name_in_certificate = f"IP:{LOOPBACK}"

    @classmethod
    def before_node(cls):
        cls.authority = Authority(os.path.join(cls.directory, "ca"))
        own = cls.authority.issue("archive", cls.name_in_certificate)
        client = cls.authority.issue("gate")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own.certificate, own.key)
        context.load_verify_locations(cls.authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        cls.server = StowServer(context)
        cls.addClassCleanup(cls.server.close)
        cls.deliver_to(
            f"https://{LOOPBACK}:{cls.server.port}/web",
            **{"ca_file": cls.authority.certificate, "certificate_file": client.certificate, "key_file": client.key},
        )

    def test_instances_arrive(self):
        wanted = self.assert_delivered(self.send_study(1))
        self.assertEqual(len(self.server.stored), wanted)


class WithAnothersCertificate(WithTls):
    name_in_certificate = "DNS:other.example"

    def test_instances_arrive(self):
        self.send_study(1)
        self.assertTrue(wait_until(lambda: "destination.unreachable" in self.node.log(), 60))
        self.assertIn("SSL peer certificate or SSH remote key was not OK", self.node.log())
        self.assertEqual(self.server.stored, {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
