"""A real mail server for tests: SMTP with TLS and authentication, on the loopback address."""

import asyncio
import email
import email.policy
import logging
import os
import ssl
import subprocess

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from processes import LOOPBACK


def make_certificate(directory):
    """(certificate, key) files of a self-signed certificate for the loopback address, made by openssl."""
    certificate, key = os.path.join(directory, "mail.crt"), os.path.join(directory, "mail.key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=mail.test", "-addext", f"subjectAltName=IP:{LOOPBACK}", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


# It warns of an attribute that it sets itself.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class MailServer:
    """Takes mail of one user. `received`: decoded messages, in the order in which they came; `envelopes`: (from, [to]).

    `implicit_tls`: TLS from the first byte, instead of STARTTLS; set it before `start`. `refused`: recipients that it does not
    take. As long as `holding` is true, a mail waits for its answer; `held` counts those that did.
    """

    USER, PASSWORD = "trialgate", "a password of the test"

    def __init__(self, port, certificate, key):
        self.port, self.received, self.envelopes = port, [], []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._controller = None
        self.implicit_tls, self.refused, self.holding, self.held = False, (), False, 0

    def start(self):
        if self.implicit_tls:
            protection = {"ssl_context": self._context, "auth_require_tls": False}
        else:
            protection = {"tls_context": self._context, "require_starttls": True}
        self._controller = Controller(
            self,
            hostname=LOOPBACK,
            port=self.port,
            auth_required=True,
            authenticator=self._authenticate,
            **protection,
        )
        self._controller.start()
        return self

    def stop(self):
        if self._controller:
            self._controller.stop()
            self._controller = None

    def _authenticate(self, server, session, envelope, mechanism, data):
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (
            self.USER.encode(),
            self.PASSWORD.encode(),
        )
        return AuthResult(success=known, handled=True)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 taken"

    async def handle_DATA(self, server, session, envelope):
        assert self.implicit_tls or session.ssl is not None
        self.held += self.holding
        while self.holding:
            await asyncio.sleep(0.05)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"

    def about(self, text):
        """The messages with `text` in their subject."""
        return [message for message in self.received if text in message["Subject"]]


def part(message, subtype):
    """The decoded text/plain or text/html part of a message."""
    return message.get_body((subtype,)).get_content()
