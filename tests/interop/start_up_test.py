"""What keeps a node from starting: one clear sentence, the right exit code, never a stack trace."""

import os
import shutil
import socket
import tempfile
import unittest

import support
from node import Node
from processes import LOOPBACK

BAD_CONFIGURATION, FAILURE = 2, 1


class StartUp(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="trialgate-test-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def node(self, **options):
        options.setdefault("trials", [support.TRIAL])
        return Node(os.path.join(self.directory, "node"), **options)

    def assert_says(self, done, code, *words, lines=5):
        """`done` ended with `code` (None: any but 0) and said one short thing with `words` in it."""
        said = done.stdout + done.stderr
        if code is None:
            self.assertGreater(done.returncode, 0, said)
        else:
            self.assertEqual(done.returncode, code, said)
        for word in words:
            self.assertIn(word, said)
        self.assertNotIn("terminate called", said)
        self.assertNotIn("what():", said)
        self.assertLessEqual(len(done.stderr.strip().splitlines()), lines, said)

    def test_port_in_use(self):
        with socket.create_server((LOOPBACK, 0)) as taken:
            port = taken.getsockname()[1]
            node = self.node(settings={"listen": [{"address": LOOPBACK, "port": port}]})
            self.assert_says(node.run("serve", timeout=30), None, str(port))

    def test_store_locked_by_another_node(self):
        node = self.node()
        self.addCleanup(node.stop)
        node.start()
        self.assert_says(node.run("serve", timeout=30), None, node.store)
        self.assertTrue(node.alive())

    def test_missing_configuration_file(self):
        node = self.node()
        os.unlink(node.config_path)
        self.assert_says(node.run("serve", timeout=30), BAD_CONFIGURATION, node.config_path)

    def test_missing_trial_file(self):
        missing = os.path.join(self.directory, "nowhere.yaml")
        self.assert_says(self.node(trials=[missing]).run("serve", timeout=30), BAD_CONFIGURATION, missing)

    def test_store_that_cannot_be_made(self):
        blocked = os.path.join(self.directory, "file")
        open(blocked, "w").close()
        self.assert_says(
            self.node(settings={"store": os.path.join(blocked, "store")}).run("serve", timeout=30), None, blocked
        )

    def test_bad_yaml_is_told_with_line_and_column(self):
        node = self.node()
        with open(node.config_path, "w") as out:
            out.write("node:\n  ae_title: [\n")
        done = node.run("serve", timeout=30)
        self.assert_says(done, BAD_CONFIGURATION)
        self.assertRegex(done.stderr + done.stdout, r"node\.yaml:\d+:\d+")

    def test_unknown_key(self):
        node = self.node(settings={"ae_titel": "X"})
        done = node.check_config()
        self.assert_says(done, BAD_CONFIGURATION, "ae_titel")
        self.assertRegex(done.stderr + done.stdout, r"node\.yaml:\d+:\d+")

    def test_value_of_the_wrong_kind(self):
        done = self.node(settings={"max_associations": "many"}).check_config()
        self.assert_says(done, BAD_CONFIGURATION, "max_associations")

    def test_bad_trial_file(self):
        trial = os.path.join(self.directory, "trial.yaml")
        with open(trial, "w") as out:
            out.write("trial: {protocol_id: X}\nserieses: []\n")
        done = self.node(trials=[trial]).check_config()
        # Every mistake has a line of its own: what is missing is told, too.
        self.assert_says(done, BAD_CONFIGURATION, "serieses", lines=10)
        self.assertRegex(done.stderr + done.stdout, r"trial\.yaml:2:\d+")

    def test_good_configuration(self):
        done = self.node(
            destinations=[{"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": 104}]
        ).check_config()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_unknown_command(self):
        done = support.run_tool(self.node().program, "fly")
        self.assert_says(done, BAD_CONFIGURATION, "fly")


if __name__ == "__main__":
    unittest.main(verbosity=2)
