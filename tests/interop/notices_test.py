"""Notices to sites by a real mail server: what they say, when they come, and that none is lost or sent twice."""

import os
import shutil
import unittest

import support
from mail_server import MailServer, make_certificate, part
from node import CALLING_AE_TITLE, DELIVERED
from processes import free_port, wait_until
from sample_studies import UNREGISTERED, patient, study
from synthetic_study import Defect

TECHNICIAN, CHINESE_TECHNICIAN = "ct@site01.example", "ct@site02.example"
SECOND_AE = "SITE02_CT"
DAY = 86400
WHO = ("--name", "M. Example")


class NoticeTestCase(support.NodeTestCase):
    """A node with a mail server: SITE01 reads English, SITE02 Chinese, SITE03 has no address."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        certificate, key = make_certificate(cls.directory)
        cls.mail = MailServer(free_port(), certificate, key)
        cls.addClassCleanup(cls.mail.stop)
        password = os.path.join(cls.directory, "mail.password")
        with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(MailServer.PASSWORD + "\n")
        cls.peers = [
            {"ae_title": CALLING_AE_TITLE, "site": "SITE01", "addresses": ["127.0.0.0/8"]},
            {"ae_title": SECOND_AE, "site": "SITE02", "addresses": ["127.0.0.0/8"]},
            {"ae_title": "SITE03_CT", "site": "SITE03", "addresses": ["127.0.0.0/8"]},
        ]
        cls.sections = {
            "mail": {
                "host": "127.0.0.1",
                "port": cls.mail.port,
                "user": MailServer.USER,
                "password_file": password,
                "ca_file": certificate,
                "from": "trialgate@cro.example",
                "templates": os.path.join(support.SOURCE, "etc", "messages"),
                "answer_within_days": 4 / DAY,
                "remind_days": [3 / DAY],
                "retry_first_seconds": 1,
                "retry_longest_seconds": 2,
            },
            "sites": [
                {"id": "SITE01", "technicians": [TECHNICIAN, "second@site01.example"]},
                {"id": "SITE02", "technicians": [CHINESE_TECHNICIAN], "language": "zh"},  # no trial knows its patient
            ],
        }
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        shutil.copy(support.TRIAL.replace(".yaml", "-subjects.csv"), folder)
        cls.trials = (shutil.copy(support.TRIAL, folder),)
        cls.mail.start()

    def query_about(self, made, state="open"):
        """The query about a study, once it is in `state`."""

        def asked():
            row = self.node.by_study_uid(made.plan.study_uid)
            queries = self.node.ask("query", "list", "--all")["queries"]
            mine = [query for query in queries if row and query["submission"] == row["id"]]
            return mine[-1] if mine and mine[-1]["state"] == state else None

        query = wait_until(asked, 60, 0.2)
        self.assertIsNotNone(query, "there is no such query")
        return query

    def mails(self, query, word, count=1):
        """The mails about a query whose subject begins with `word`, once there are `count` of them."""

        def mine():
            found = [m for m in self.mail.about(f"query {query['id']}") if f"] {word}" in m["Subject"]]
            return found if len(found) >= count else None

        found = wait_until(mine, 30, 0.2)
        self.assertIsNotNone(found, self.node.log()[-2000:])
        self.assertEqual(len(found), count)
        return found

    def send_as(self, ae_title, instances):
        type(self).sent += instances
        files = [support.part10.split(instance.encode()) for instance in instances]
        with self.associate(support.store_contexts(files), calling=ae_title) as association:
            for file in files:
                association.store(file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set)


class Notices(NoticeTestCase):
    def test_one_mail_says_what_is_wrong_where_and_until_when(self):
        made = study(patient(1), defects=[Defect("missing", 2)], seed="notice")
        self.send(made.instances)
        query = self.query_about(made)
        mail = self.mails(query, "Imaging query")[0]
        self.assertEqual(mail["From"], "trialgate@cro.example")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertIn((mail["From"], [TECHNICIAN, "second@site01.example"]), self.mail.envelopes)
        self.assertTrue(mail["Message-ID"].endswith("@cro.example>"))
        self.assertNotRegex(mail.get_body(("plain",)).get_payload(decode=True), rb"[^\r]\n")
        plain, html = part(mail, "plain"), part(mail, "html")
        for text in (plain, html):
            self.assertIn("2026-02-20", text)
            self.assertIn(made.plan.accession_number, text)
            self.assertIn("2 (CT", text)
            self.assertIn("2 between slices 10 and 11", text)
            self.assertRegex(text, "The last day on which a re-scan counted was (<b>)?2026-02-28")
        named = {made.plan.accession_number.encode()}
        for value in set(support.identifiers.identifying_values(made.instances, support.identifiers.PERSONS)) - named:
            self.assertNotIn(value.decode("utf-8", "replace"), plain + html)

    def test_the_site_is_reminded_once_before_the_due_date_and_told_of_the_close(self):
        made = study(patient(2), thickness=7.5, spacing=7.5, seed="reminder")
        self.send(made.instances)
        query = self.query_about(made)
        self.mails(query, "Reminder")
        done = self.node.run("query", "answer", str(query["id"]), "--text", "the protocol was changed", *WHO)
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = self.node.ask("query", "show", str(query["id"]))
        self.assertEqual((shown["state"], shown["answer"]["by"]), ("answered", WHO[1]))
        done = self.node.run("query", "close", str(query["id"]), "--reason", "accepted by <the CRO>", *WHO)
        self.assertEqual(done.returncode, 0, done.stderr)
        mail = self.mails(query, "Closed")[0]
        self.assertIn("accepted by <the CRO>", part(mail, "plain"))
        self.assertIn("accepted by &lt;the CRO&gt;", part(mail, "html"))
        self.assertEqual(self.node.run("query", "close", str(query["id"]), "--reason", "x", *WHO).returncode, 2)
        self.mails(query, "Reminder")
        self.assertEqual(self.node.run("audit", "verify").returncode, 0)

    def test_a_re_scan_that_passes_closes_the_query(self):
        held = study(patient(3), thickness=7.5, spacing=7.5, seed="held")
        self.send(held.instances)
        query = self.query_about(held)
        self.mails(query, "Imaging query")
        self.send(study(patient(3), seed="re-scan").instances)
        closed = self.query_about(held, "closed")
        self.assertEqual(closed["closed"]["by"], "trialgate")
        self.assertIn("meets the charter", part(self.mails(query, "Closed")[0], "plain"))

    def test_a_later_version_that_passes_closes_the_query(self):
        made = study(patient(6), seed="completed later")
        self.send(made.instances[:10] + made.instances[11:])
        query = self.query_about(made)
        self.mails(query, "Imaging query")
        self.send(made.instances[10:11])
        self.query_about(made, "closed")
        self.mails(query, "Closed")

    def test_a_query_closed_while_its_mail_is_under_way_is_told_of_too(self):
        self.mail.holding = True
        self.addCleanup(setattr, self.mail, "holding", False)
        before = self.mail.held
        made = study(patient(7), thickness=7.5, spacing=7.5, seed="under way")
        self.send(made.instances)
        query = self.query_about(made)
        self.assertTrue(wait_until(lambda: self.mail.held > before, 30))
        done = self.node.run("query", "close", str(query["id"]), "--reason", "by telephone", *WHO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.mail.holding = False
        self.assertIn("by telephone", part(self.mails(query, "Closed")[0], "plain"))
        self.mails(query, "Imaging query")

    def test_an_address_that_is_refused_keeps_the_mail_from_nobody_else(self):
        self.mail.refused = ("second@site01.example",)
        self.addCleanup(setattr, self.mail, "refused", ())
        before = len(self.mail.envelopes)
        made = study(patient(8), thickness=7.5, spacing=7.5, seed="refused address")
        self.send(made.instances)
        query = self.query_about(made)
        self.mails(query, "Imaging query")
        self.assertEqual(self.mail.envelopes[before:][0], ("trialgate@cro.example", [TECHNICIAN]))

        def sent():
            notice = self.node.ask("query", "show", str(query["id"]))["notices"][0]
            return notice if notice["state"] == "sent" else None

        self.assertEqual(wait_until(sent, 10, 0.2)["last_error"], "1 of the addresses refused")

    def test_another_version_has_a_query_of_its_own_and_the_earlier_one_ends(self):
        made = study(patient(4), thickness=7.5, spacing=7.5, seed="version")
        self.send(made.instances[:-2])
        first = self.query_about(made)
        self.send(made.instances[-2:])
        self.assertTrue(wait_until(lambda: self.query_about(made)["version"] == 2, 30, 0.2))
        self.assertEqual(self.node.ask("query", "show", str(first["id"]))["state"], "closed")
        self.mails(self.query_about(made), "Imaging query")
        self.assertEqual([m for m in self.mail.about(f"query {first['id']}") if "] Closed" in m["Subject"]], [])

    def test_a_chinese_site_is_written_to_in_chinese(self):
        made = study(UNREGISTERED, seed="chinese")
        self.send_as(SECOND_AE, made.instances)
        query = self.query_about(made)
        found = wait_until(lambda: self.mail.about(f"影像质疑 {query['id']}"), 30, 0.2)
        self.assertTrue(found, self.node.log()[-2000:])
        self.assertEqual(found[0]["Content-Language"], "zh-CN")
        self.assertIn("影像科同事", part(found[0], "plain"))
        self.assertIn("需要处理的问题", part(found[0], "html"))

    def test_what_headers_hold_cannot_forge_a_mail(self):
        made = study(patient(5), thickness=7.5, spacing=7.5, seed="hostile")
        for instance in made.instances:
            instance.dataset["AccessionNumber"] = "<b>\r\nBcc: x@y</b>"
            instance.dataset["SeriesDescription"] = "<script>\r\n.\r\nBcc: x@y"
        self.send(made.instances)
        mail = self.mails(self.query_about(made), "Imaging query")[0]
        self.assertIsNone(mail["Bcc"])
        self.assertNotIn("\nBcc:", part(mail, "plain"))
        self.assertIn("&lt;b&gt;", part(mail, "html"))
        self.assertNotIn("<b>\r\nBcc", part(mail, "html"))
        self.assertNotIn("<script>", part(mail, "html"))

    def test_a_site_without_an_address_has_its_query_all_the_same(self):
        made = study(UNREGISTERED, date="20260221", seed="no address")
        self.send_as("SITE03_CT", made.instances)
        shown = self.node.ask("query", "show", str(self.query_about(made)["id"]))
        self.assertEqual(shown["notices"], [])


class MailServerAway(NoticeTestCase):
    """A mail server, here one with TLS from the first byte, that is down delays notices, also over a restart of the node."""

    @classmethod
    def before_node(cls):
        super().before_node()
        cls.mail.stop()
        cls.mail.implicit_tls = True
        cls.sections["mail"].update({"security": "tls", "answer_within_days": 1})

    def test_notices_wait_for_it(self):
        made = study(patient(1), thickness=7.5, spacing=7.5, seed="away")
        self.send(made.instances)
        query = self.query_about(made)

        def delayed():
            first = self.node.ask("query", "show", str(query["id"]))["notices"][0]
            return first if first["attempts"] >= 2 else None

        notice = wait_until(delayed, 30, 0.2)
        self.assertEqual(notice["state"], "queued")
        self.assertTrue(notice["last_error"])
        self.assertIn("notice.delayed", self.node.log())
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.mail.start()
        self.mails(query, "Imaging query")
        shown = self.node.ask("query", "show", str(query["id"]))
        self.assertTrue(wait_until(lambda: "notice.sent" in self.node.log(), 10, 0.2))
        self.assertEqual(shown["state"], "open")
        self.assertEqual(self.node.stop(), 0)
        self.node.start()
        self.mails(query, "Imaging query")


if __name__ == "__main__":
    unittest.main(verbosity=2)
