"""What the integration tests share: a node per test class, the sample studies, and looking into its blob store from outside."""

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.normpath(os.path.join(HERE, "..", ".."))
for _folder in ("tests/tools", "packaging"):
    sys.path.insert(0, os.path.join(SOURCE, _folder))

import identifiers  # noqa: E402
import part10  # noqa: E402
from dimse_peer import VERIFICATION, Requestor, StoreScp, store_contexts  # noqa: E402
from dicom_writer import IMPLICIT_VR_LITTLE_ENDIAN  # noqa: E402
from node import AE_TITLE, CALLING_AE_TITLE, NO_ARCHIVE, Node  # noqa: E402
from processes import LOOPBACK, wait_until  # noqa: E402

TRIAL = os.path.join(SOURCE, "etc", "trials", "ONC-301.yaml")
DATA = os.environ.get("TRIALGATE_TEST_DATA") or os.path.normpath(os.path.join(SOURCE, "..", "shared", "data"))
SEARCHED_IN_LOGS = identifiers.PERSONS


def manifest():
    """Rows of the data folder's MANIFEST.tsv as dicts."""
    with open(os.path.join(DATA, "MANIFEST.tsv"), encoding="utf-8") as table:
        header, *lines = (line.rstrip("\n").split("\t") for line in table)
    return [dict(zip(header, line)) for line in lines]


def write_instances(directory, instances):
    """Writes `instances` as files and returns their paths."""
    os.makedirs(directory, exist_ok=True)
    paths = []
    for at, instance in enumerate(instances):
        paths.append(os.path.join(directory, f"{at:04d}.dcm"))
        with open(paths[-1], "wb") as out:
            out.write(instance.encode())
    return paths


def sha256(raw):
    """Compared in place of the bytes: a failed comparison must not print a whole instance."""
    return hashlib.sha256(raw).hexdigest()


def run_tool(*arguments, environment=None):
    """Runs a sender and returns its CompletedProcess."""
    return subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        env={**os.environ, **(environment or {})},
    )


class NodeTestCase(unittest.TestCase):
    """A node on an empty store that lives as long as the class. After the last test it must still be alive, and its log must
    name none of the patients in `sent`. `log_must_not_hold`: {further bytes: what they are}."""

    settings = {}
    sections = {}
    peers = None
    destinations = NO_ARCHIVE
    trials = (TRIAL,)

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="trialgate-test-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.sent, cls.log_must_not_hold = [], {}
        cls.before_node()
        cls.node = Node(
            os.path.join(cls.directory, "node"),
            list(cls.trials),
            cls.destinations,
            cls.peers,
            cls.settings,
            sections=cls.sections,
        )
        cls.node.start()
        cls.addClassCleanup(cls.node.stop)

    @classmethod
    def before_node(cls):
        """Where a class starts what its node needs."""

    @classmethod
    def tearDownClass(cls):
        alive = cls.node.alive()
        code = cls.node.stop()
        values = {**cls.log_must_not_hold, **identifiers.identifying_values(cls.sent, SEARCHED_IN_LOGS)}
        found = identifiers.hits_in_log(cls.node.log().encode(), values)
        if not alive or code != 0:
            raise AssertionError(
                f"the node {'ended by itself' if not alive else 'did not stop cleanly'} with {code}: {cls.node.log()[-2000:]}"
            )
        if found:
            raise AssertionError(f"the log holds patient attributes: {', '.join(found)}")

    def folder(self, name):
        return os.path.join(self.directory, name)

    def associate(self, contexts, **options):
        options.setdefault("calling", CALLING_AE_TITLE)
        options.setdefault("called", AE_TITLE)
        return Requestor(LOOPBACK, self.node.port, contexts=contexts, **options)

    def echo(self):
        with self.associate([(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])]) as association:
            return association.echo()

    def send(self, instances):
        """Stores `instances` on one association, each with success."""
        type(self).sent += instances
        files = [part10.split(instance.encode()) for instance in instances]
        with self.associate(store_contexts(files)) as association:
            for file in files:
                status, _ = association.store(file.sop_class, file.sop_instance, file.transfer_syntax, file.data_set)
                self.assertEqual(status, 0x0000, file.sop_instance)

    def settled(self, made, states, version=1):
        """The submission of a study once its `version` is in one of `states`."""

        def reached():
            row = self.node.by_study_uid(made.plan.study_uid)
            return row if row and row["version"] == version and row["state"] in states else None

        row = wait_until(reached, 60, 0.2)
        self.assertIsNotNone(row, f"it is {self.node.by_study_uid(made.plan.study_uid)}")
        return row

    def at_archive(self, submission):
        """What `self.archive` was sent of a submission, as often as it was."""
        mine = {row["sop_instance_uid"] for row in self.node.study(submission)["derived"]}
        return [received for received in self.archive.received if received.sop_instance in mine]

    def blobs(self):
        """{SHA-256 of the data set: Part10} of everything in the blob store, each file under the name of its own SHA-256."""
        found = {}
        for path in glob.glob(os.path.join(self.node.store, "blobs", "**", "*"), recursive=True):
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as blob:
                raw = blob.read()
            self.assertEqual(sha256(raw), os.path.basename(path), "a blob is not named by its own SHA-256")
            try:
                file = part10.split(raw)
            except part10.NotPart10:
                continue  # a pack of de-identified headers is no Part 10 file
            found[sha256(file.data_set)] = file
        return found

    def assert_kept(self, file, blobs):
        """`file` (Part10) stands in the blob store bit for bit, under its own UIDs and transfer syntax."""
        kept = blobs.get(sha256(file.data_set))
        self.assertIsNotNone(kept, f"the data set of {file.sop_instance} is not in the blob store")
        self.assertEqual((kept.sop_class, kept.transfer_syntax), (file.sop_class, file.transfer_syntax))


class ArchiveTestCase(NodeTestCase):
    """A node with an archive behind it, `archive`, and the sample trial in files of its own that a test may change."""

    settings = {"quiet_seconds": 1}

    @classmethod
    def before_node(cls):
        cls.archive = StoreScp()
        cls.addClassCleanup(cls.archive.close)
        cls.destinations = [{"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": cls.archive.port}]
        folder = os.path.join(cls.directory, "trials")
        os.makedirs(folder)
        cls.register = shutil.copy(TRIAL.replace(".yaml", "-subjects.csv"), folder)
        cls.trial_file = shutil.copy(TRIAL, folder)
        cls.trials = (cls.trial_file,)
