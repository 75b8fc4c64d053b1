"""DICOM over TLS (PS3.15 B.12, B.13) with DCMTK, Orthanc and the openssl program: who may come in, and who may not."""

import base64
import hmac
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import unittest

import support
from certificates import Authority
from node import AE_TITLE, CALLING_AE_TITLE, DELIVERED, Node, default_program
from peer_table import with_peer
from processes import LOOPBACK, Orthanc, StartError, Storescp, wait_until
from sample_studies import BASELINE, of_the_charter, patient, study

PLAIN_PEER = "SITE01_PLAIN"
OTHER_PEER = "SITE02_CT"
ANY_PEER = "SITE03_CT"


class TlsTestCase(support.NodeTestCase):
    """A node that listens plain and with TLS; certificates of an authority that it trusts."""

    __test__ = False
    settings = {"quiet_seconds": 1, "artim_seconds": 2}

    @classmethod
    def before_node(cls):
        cls.authority = Authority(os.path.join(cls.directory, "ca"))
        cls.of_node = cls.authority.issue("node", f"DNS:node.example,IP:{LOOPBACK}")
        cls.of_site = cls.authority.issue("ct.site01.example")
        cls.of_other = cls.authority.issue("ct.site02.example")
        cls.settings = {
            **cls.settings,
            "listen": [{"address": LOOPBACK, "port": 0}, {"address": LOOPBACK, "port": 0, "tls": True}],
            "tls": {
                "certificate_file": cls.of_node.certificate,
                "key_file": cls.of_node.key,
                "ca_file": cls.authority.certificate,
                "crl_file": cls.authority.crl,
            },
        }
        cls.peers = [
            {"ae_title": CALLING_AE_TITLE, "site": "SITE01", "certificate": "ct.site01.example"},
            {"ae_title": OTHER_PEER, "site": "SITE02", "certificate": "sha256:" + cls.of_other.fingerprint()},
            {"ae_title": ANY_PEER, "site": "SITE03"},
            {"ae_title": PLAIN_PEER, "site": "SITE01"},
        ]
        for made in (cls.of_node, cls.of_site, cls.of_other):
            with open(made.key, "rb") as key:
                cls.log_must_not_hold[key.read().splitlines()[1]] = "a private key"

    @property
    def tls_port(self):
        return self.node.ports()[1]

    def options(self, own):
        """DCMTK's, to call with a certificate."""
        return ["+tls", own.key, own.certificate, "+cf", self.authority.certificate]

    def echoscu(self, port, calling, *options):
        return support.run_tool("echoscu", *options, "-aet", calling, "-aec", AE_TITLE, "-to", "5", LOOPBACK, str(port))

    def logged(self, *texts):
        """Waits for a line of the log that holds all of `texts`."""

        def lines():
            return [line for line in self.node.log().splitlines() if all(text in line for text in texts)]

        found = wait_until(lines, 10)
        self.assertTrue(found, f"no line of the log has {texts}: {self.node.log()[-1500:]}")
        return found

    def audited(self, event, text):
        def records():
            trail = self.node.run("audit", "export").stdout.splitlines()
            return [record for record in trail if f'"{event}"' in record and text in record]

        self.assertTrue(wait_until(records, 10), f"no {event} with '{text}' in the audit trail")

    def assert_plain_works(self):
        done = self.echoscu(self.node.port, PLAIN_PEER)
        self.assertEqual(done.returncode, 0, done.stderr)


class Handshakes(TlsTestCase):
    __test__ = True

    def s_client(self, *options, own=None):
        """What `openssl s_client` says of a handshake after which it asks for an association. DEFAULT@SECLEVEL=0: it is to try
        whatever it is told to."""
        arguments = ["openssl", "s_client", "-connect", f"{LOOPBACK}:{self.tls_port}", "-CAfile", self.authority.certificate]
        if own:
            arguments += ["-cert", own.certificate, "-key", own.key]
        process = subprocess.Popen(
            [*arguments, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        # Left open, so that the verdict of a TLS 1.3 acceptor is waited for; the node closes at ARTIM at the latest.
        output = process.stdout.read()
        process.stdin.close()
        process.stdout.close()
        process.wait(30)
        return output

    def assert_refused(self, why, *options, own=None):
        before = self.node.log().count(f'why="{why}"')
        output = self.s_client(*options, own=own or self.of_site)
        self.assertTrue(
            wait_until(lambda: self.node.log().count(f'why="{why}"') > before, 10),
            f"the log does not say '{why}': {self.node.log()[-1200:]}\n{output[-800:]}",
        )

    @with_peer("openssl", "TLS, as client")
    def test_what_is_agreed_upon(self):
        for options, protocol, suite in (
            ((), "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
            (("-ciphersuites", "TLS_AES_128_CCM_SHA256"), "TLSv1.3", "TLS_AES_128_CCM_SHA256"),
            (("-tls1_2",), "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"),
            (("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
            (("-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"), "TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305"),
        ):
            with self.subTest(suite=suite):
                output = self.s_client(*options, own=self.of_site)
                self.logged("tls.established", f"protocol={protocol}", f"suite={suite}", "CN=ct.site01.example")
                self.assertIn("Verify return code: 0 (ok)", output)
                # A revoked certificate must be out at once: nothing is there to resume with.
                self.assertNotIn("TLS session ticket", output)

    @with_peer("openssl", "TLS refused: protocols and suites, as client")
    def test_old_protocols_and_weak_suites_are_refused(self):
        weak = "ALL:@SECLEVEL=0"
        for why, *options in (
            ("unsupported protocol", "-tls1", "-cipher", weak),
            ("unsupported protocol", "-tls1_1", "-cipher", weak),
            ("no shared cipher", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256:@SECLEVEL=0"),
            ("no shared cipher", "-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA:@SECLEVEL=0"),
            ("no shared cipher", "-tls1_2", "-cipher", "AES256-GCM-SHA384:@SECLEVEL=0"),
            ("no shared cipher", "-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"),
            ("no shared cipher", "-tls1_2", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0"),
            ("no shared cipher", "-tls1_2", "-cipher", "AECDH-AES256-SHA:@SECLEVEL=0"),
            ("no shared cipher", "-tls1_2", "-cipher", "ECDHE-RSA-NULL-SHA:@SECLEVEL=0"),
            ("no shared signature algorithms", "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "DEFAULT:@SECLEVEL=0"),
            ("no suitable key share", "-tls1_3", "-curves", "X448"),
        ):
            with self.subTest(options=options):
                self.assert_refused(why, *options)
        self.assert_plain_works()

    @with_peer("openssl", "TLS refused: certificates, as client")
    def test_certificates_that_are_not_trusted_are_refused(self):
        stranger = Authority(self.folder("stranger"), "Stranger CA").issue("ct.site01.example")
        lost = self.authority.issue("lost.example")
        expired = self.authority.issue("expired.example", days=(-9, -2))
        small = self.authority.issue("small.example", bits=1024)
        self.assertIn("Verify return code: 0", self.s_client(own=lost))
        self.authority.revoke(lost)
        # The list that was read is replaced while the node runs.
        self.logged("tls.reloaded", "node.pem")
        nobody = ["openssl", "s_client", "-connect", f"{LOOPBACK}:{self.tls_port}", "-tls1_2"]
        subprocess.run(nobody, input="", capture_output=True, text=True, timeout=30)
        self.logged("tls.refused", "peer did not return a certificate")
        for why, own, options in (
            ("unable to get local issuer certificate", stranger, ()),
            ("certificate has expired", expired, ("-tls1_2",)),
            ("certificate revoked", lost, ("-tls1_3",)),
            ("certificate revoked", lost, ("-tls1_2",)),
            ("EE certificate key too weak", small, ("-cipher", "DEFAULT:@SECLEVEL=0")),
        ):
            with self.subTest(why=why, options=options):
                self.assert_refused(why, *options, own=own)
        self.logged("tls.refused", "certificate has expired", "CN=expired.example")
        for why in ("certificate has expired", "certificate revoked", "peer did not return a certificate"):
            self.audited("tls.refused", why)
        self.assert_plain_works()

    @with_peer("echoscu", "C-ECHO with TLS as SCU")
    def test_ae_title_address_and_certificate_must_agree(self):
        for calling, own in ((CALLING_AE_TITLE, self.of_site), (OTHER_PEER, self.of_other)):
            done = self.echoscu(self.tls_port, calling, *self.options(own))
            self.assertEqual(done.returncode, 0, done.stderr)
        for calling, own, why in (
            (CALLING_AE_TITLE, self.of_other, "the certificate is not that of this peer"),
            (ANY_PEER, self.of_site, "the certificate is that of another peer"),
        ):
            done = self.echoscu(self.tls_port, calling, *self.options(own))
            self.assertNotEqual(done.returncode, 0)
            self.logged("assoc.reject", f"calling={calling}", why)
            self.audited("association.rejected", why)
        self.assertEqual(self.echoscu(self.tls_port, ANY_PEER, *self.options(self.of_node)).returncode, 0)
        self.assertNotEqual(self.echoscu(self.node.port, CALLING_AE_TITLE).returncode, 0)
        self.logged("assoc.reject", "must authenticate itself by its certificate")
        self.assert_plain_works()

    def test_who_talks_nonsense_or_nothing_holds_nobody_up(self):
        silent = [socket.create_connection((LOOPBACK, self.tls_port)) for _ in range(20)]
        for each in silent:
            self.addCleanup(each.close)
        garbage = socket.create_connection((LOOPBACK, self.tls_port))
        self.addCleanup(garbage.close)
        garbage.sendall(b"GET / HTTP/1.1\r\n\r\n")
        self.logged("tls.refused", "http request")
        begun = time.monotonic()
        done = self.echoscu(self.tls_port, CALLING_AE_TITLE, *self.options(self.of_site))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(time.monotonic() - begun, 5)
        for each in silent:
            each.settimeout(10)
            self.assertEqual(each.recv(1), b"", "ARTIM did not end the handshake")

    def test_what_expires_soon_is_said(self):
        self.echoscu(self.tls_port, CALLING_AE_TITLE, *self.options(self.of_site))
        self.logged("tls.certificate_expires", "node.pem", "days_left=19")
        self.logged("tls.peer_certificate_expires", "CN=ct.site01.example", "days_left=19")


class Refusals(TlsTestCase):
    """A node whose revocation list gets out of date."""

    __test__ = True

    def test_a_list_that_is_out_of_date_refuses_everyone(self):
        options = self.options(self.of_site)
        self.assertEqual(self.echoscu(self.tls_port, CALLING_AE_TITLE, *options).returncode, 0)
        self.authority.renew_list(seconds=1)
        time.sleep(1)
        self.logged("tls.reloaded")
        self.assertNotEqual(self.echoscu(self.tls_port, CALLING_AE_TITLE, *options).returncode, 0)
        self.logged("tls.refused", "CRL has expired")
        self.logged("tls.revocation_list_expired", "crl.pem")
        shutil.copy(self.authority.crl, self.folder("old.pem"))
        with open(self.authority.crl, "w") as out:
            out.write("not a list\n")
        self.logged("tls.not_reloaded", "CRL file")
        self.authority.renew_list()
        wait_until(lambda: self.echoscu(self.tls_port, CALLING_AE_TITLE, *options).returncode == 0, 10)
        self.assertEqual(self.echoscu(self.tls_port, CALLING_AE_TITLE, *options).returncode, 0)

    def test_check_config_and_start_find_a_key_that_is_open_or_another_s(self):
        broken = Node(self.folder("broken"), list(self.trials), peers=self.peers, settings=dict(self.settings))
        self.assertEqual(broken.check_config().returncode, 0, broken.check_config().stderr)
        key = shutil.copy(self.of_node.key, self.folder("open.key"))
        os.chmod(key, 0o644)
        for wrong, why in ((key, "chmod 600"), (self.of_site.key, "not that of the certificate")):
            broken.config["node"]["tls"] = {**self.settings["tls"], "key_file": wrong}
            broken.write_config()
            done = broken.check_config()
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(why, done.stderr)
            with self.assertRaisesRegex(StartError, why):
                broken.start()


class Deliveries(TlsTestCase):
    """storescu sends with TLS; what is released goes to an archive with TLS."""

    __test__ = False

    @classmethod
    def deliver_to(cls, ae_title, port, **tls):
        cls.destinations = [
            {
                **{"name": "irc-archive", "ae_title": ae_title, "host": LOOPBACK, "port": port},
                **{"tls": tls or True, "retry_first_seconds": 1},
            }
        ]

    def deliver(self, number):
        made = study(patient(number), "siemens", BASELINE)
        type(self).sent += made.instances
        folder = self.folder(f"study{number}")
        support.write_instances(folder, made.instances)
        done = support.run_tool(
            *("storescu", *self.options(self.of_site), "-aet", CALLING_AE_TITLE, "-aec", AE_TITLE),
            *("--scan-directories", LOOPBACK, str(self.tls_port), folder),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        row = self.node.wait_for_state(made.plan.study_uid, DELIVERED, 90)
        self.assertIsNotNone(row, f"not delivered: {self.node.by_study_uid(made.plan.study_uid)}")
        return len(of_the_charter(made.instances))


class ToStorescp(Deliveries):
    __test__ = True

    @classmethod
    def before_node(cls):
        super().before_node()
        own = cls.authority.issue("archive", "DNS:archive.example")
        cls.archive = Storescp(
            os.path.join(cls.directory, "storescp"),
            options=(
                *("--bit-preserving", "--fork", "+tls", own.key, own.certificate),
                *("+cf", cls.authority.certificate, "--require-peer-cert"),
            ),
        )
        cls.addClassCleanup(cls.archive.close)
        cls.deliver_to("ARCHIVE", cls.archive.port, server_name="archive.example")

    @with_peer("storescp", "C-STORE with TLS as SCP")
    def test_a_study_comes_and_goes(self):
        self.assertEqual(len(self.archive.files()), 0)
        wanted = self.deliver(1)
        self.assertEqual(len(self.archive.files()), wanted)
        self.logged("tls.established", "peer=archive.example", "CN=archive")


class ToAnotherHost(Deliveries):
    """The archive's certificate is in order, but made for another."""

    __test__ = True

    @classmethod
    def before_node(cls):
        super().before_node()
        own = cls.authority.issue("archive", "DNS:archive.example")
        cls.archive = Storescp(
            os.path.join(cls.directory, "storescp"),
            options=("+tls", own.key, own.certificate, "+cf", cls.authority.certificate),
        )
        cls.addClassCleanup(cls.archive.close)
        cls.deliver_to("ARCHIVE", cls.archive.port)

    def test_nothing_goes_there(self):
        made = study(patient(1), "siemens", BASELINE)
        type(self).sent += made.instances
        with self.associate(
            support.store_contexts([support.part10.split(instance.encode()) for instance in made.instances]),
            calling=PLAIN_PEER,
        ) as association:
            for file in (support.part10.split(instance.encode()) for instance in made.instances):
                association.store(file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set)
        self.logged("destination.unreachable", "IP address mismatch")
        self.audited("tls.refused", "IP address mismatch")
        self.assertEqual(self.archive.files(), [])


class WithOrthanc(Deliveries):
    __test__ = True

    @classmethod
    def before_node(cls):
        super().before_node()
        own = cls.authority.issue("orthanc", f"IP:{LOOPBACK}")
        cls.peers = [*cls.peers, {"ae_title": "ORTHANC", "site": "SITE04", "certificate": "orthanc"}]
        cls.orthanc = Orthanc(
            os.path.join(cls.directory, "orthanc"),
            settings={
                "DicomTlsEnabled": True,
                "DicomTlsCertificate": own.certificate,
                "DicomTlsPrivateKey": own.key,
                "DicomTlsTrustedCertificates": cls.authority.certificate,
                "DicomTlsRemoteCertificateRequired": True,
            },
        )
        cls.addClassCleanup(cls.orthanc.close)
        cls.deliver_to("ORTHANC", cls.orthanc.port)

    @with_peer("Orthanc", "C-ECHO, C-STORE with TLS as SCU and SCP")
    def test_a_study_comes_and_goes_and_comes_back(self):
        wanted = self.deliver(1)
        instances = self.orthanc.instances()
        self.assertEqual(len(instances), wanted)
        node = {"AET": AE_TITLE, "Host": LOOPBACK, "Port": self.tls_port, "UseDicomTls": True}
        self.orthanc.request("PUT", "/modalities/node", node)
        self.orthanc.request("POST", "/modalities/node/echo", {})
        self.orthanc.request("POST", "/modalities/node/store", instances[:1])
        self.logged("assoc.accept", "calling=ORTHANC")
        self.logged("instance.store", "status=0000")


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


class UserIdentity(support.NodeTestCase):
    """PS3.7 D.3.3.7: storescu offers a user name and passcode, or a JSON Web Token."""

    @classmethod
    def before_node(cls):
        cls.secret = secrets.token_hex(32)
        key = os.path.join(cls.directory, "token.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(cls.secret)
        made = subprocess.run([default_program(), "hash-passcode"], input="open sesame\n", capture_output=True, text=True)
        identity = {
            "users": {"ada": made.stdout.strip()},
            "jwt": {"algorithm": "HS256", "key_file": key, "issuer": "login.example", "audience": "trialgate"},
        }
        cls.peers = [{"ae_title": CALLING_AE_TITLE, "site": "SITE01", "user_identity": identity}]
        cls.log_must_not_hold = {b"sesame": "a passcode", cls.secret.encode(): "the key of tokens", b"eyJ": "a token"}
        made = study(patient(1), "siemens", BASELINE, slices=1)
        cls.file = support.write_instances(os.path.join(cls.directory, "files"), made.instances[:1])[0]
        cls.sent += made.instances

    def token(self, **claims):
        content = {"iss": "login.example", "aud": "trialgate", "exp": time.time() + 60, "sub": "ada", **claims}
        parts = [base64url(json.dumps(part).encode()) for part in ({"alg": "HS256"}, content)]
        mac = hmac.new(self.secret.encode(), b".".join(parts), "sha256").digest()
        path = self.folder("token")
        with open(path, "wb") as out:
            out.write(b".".join([*parts, base64url(mac)]))
        return path

    def store(self, *identity):
        options = ("-aet", CALLING_AE_TITLE, "-aec", AE_TITLE, LOOPBACK, str(self.node.port), self.file)
        return support.run_tool("storescu", *identity, *options)

    @with_peer("storescu", "user identity as SCU")
    def test_who_is_known_comes_in_and_is_told_so(self):
        for identity in (("-usr", "ada", "-pwd", "open sesame"), ("--jwt", self.token())):
            done = self.store(*identity, "-rsp")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("user=ada", self.node.log())

    def test_who_is_not_stays_out(self):
        for why, identity in (
            ("user name or passcode is wrong", ("-usr", "ada", "-pwd", "sesame open")),
            ("user name or passcode is wrong", ("-usr", "bob", "-pwd", "open sesame")),
            ("user name or passcode is wrong", ("-usr", "ada", "-epw")),
            ("this type of user identity is not accepted", ("-usr", "ada")),
            ("no user identity offered", ()),
            ("the token is not accepted", ("--jwt", self.token(exp=time.time() - 600))),
            ("the token is not accepted", ("--jwt", self.token(aud="other"))),
        ):
            with self.subTest(why=why, identity=identity):
                before = self.node.log().count(why)
                self.assertNotEqual(self.store(*identity).returncode, 0)
                self.assertTrue(wait_until(lambda: self.node.log().count(why) > before, 5), self.node.log()[-800:])


if __name__ == "__main__":
    unittest.main(verbosity=2)
