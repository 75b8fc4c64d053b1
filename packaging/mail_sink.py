"""The demonstration's mail server: SMTP (RFC 5321) on the loopback address, for one program that sends; keeps every mail as a file."""

import email
import email.policy
import os
import socketserver
import threading

from processes import LOOPBACK


class Conversation(socketserver.StreamRequestHandler):
    def say(self, reply):
        self.wfile.write(reply.encode() + b"\r\n")

    def handle(self):
        self.say("220 demonstration")
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.say("354 go on")
                self.server.sink.keep(self.mail())
            self.say("221 bye" if verb == b"QUIT" else "250 done")
            if verb == b"QUIT":
                return

    def mail(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class MailSink:
    """Listens as long as it is open. `folder` holds the mails, one file each."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder, self._kept = folder, []
        self._server = socketserver.ThreadingTCPServer((LOOPBACK, 0), Conversation)
        self._server.daemon_threads, self._server.sink = True, self
        self.port = self._server.server_address[1]

    def keep(self, raw):
        with open(os.path.join(self.folder, f"{len(self._kept) + 1:04d}.eml"), "wb") as out:
            out.write(raw)
        self._kept.append(email.message_from_bytes(raw, policy=email.policy.default))

    def naming(self, text):
        """(subject, text part) of the mails whose text part names `text`."""
        bodies = [(mail["Subject"], mail.get_body(("plain",)).get_content()) for mail in list(self._kept)]
        return [(subject, body) for subject, body in bodies if text in body]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
