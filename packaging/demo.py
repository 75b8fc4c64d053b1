"""The demonstration that packaging/run.sh gives: a node on an embedded store, an archive and a mail server beside it, and the
sample studies.

Exit code 0: every outcome was the expected one. 1: at least one was not. 2: the demonstration could not run.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(SOURCE, "tests", "tools"))

import identifiers  # noqa: E402
import part10  # noqa: E402
from mail_sink import MailSink  # noqa: E402
from node import AE_TITLE, CALLING_AE_TITLE, DELIVERED, HELD, SITE, CommandError, Node  # noqa: E402
from processes import LOOPBACK, StartError, Storescp, wait_until  # noqa: E402
from sample_studies import scenarios  # noqa: E402

TRIAL = os.path.join(SOURCE, "etc", "trials", "ONC-301.yaml")
OUTCOME_TIMEOUT = 90  # seconds
SEARCHED = identifiers.PERSONS + identifiers.PLACES + identifiers.UIDS
PATIENT_ID = 0x00100020


class DemoError(Exception):
    """The demonstration cannot go on. The text is one sentence."""


def say(text):
    print(text, flush=True)


class Progress:
    """One line on a terminal that is written over; nothing elsewhere."""

    def __init__(self):
        self._shown = sys.stdout.isatty()

    def show(self, text):
        if self._shown:
            print(f"\r\033[K{text}", end="", flush=True)

    def clear(self):
        self.show("")


def send(node, directory, scenario, sending):
    """Sends `sending` with DCMTK's storescu, as a scanner does with an association of its own. Errors: DemoError."""
    folder = os.path.join(directory, "sent", scenario.study_uid, str(sending))
    os.makedirs(folder, exist_ok=True)
    for at, instance in enumerate(scenario.sendings[sending]):
        with open(os.path.join(folder, f"{at:04d}.dcm"), "wb") as out:
            out.write(instance.encode())
    done = subprocess.run(
        [
            "storescu",
            "--scan-directories",
            "-aet",
            CALLING_AE_TITLE,
            "-aec",
            AE_TITLE,
            LOOPBACK,
            str(node.port),
            folder,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        message = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise DemoError(
            f"storescu could not send \"{scenario.title}\": {message[-1] if message else 'it gave no reason'}"
        )


def settled(node, scenario):
    """The submission of the scenario's study once its outcome is final; None as long as it is not."""
    row = node.by_study_uid(scenario.study_uid)
    return row if row and row["state"] in HELD + DELIVERED else None


def wait_for(node, scenario, progress):
    progress.show(f"waiting for the outcome of: {scenario.title}")
    row = wait_until(lambda: settled(node, scenario), OUTCOME_TIMEOUT, 0.25)
    progress.clear()
    if row is None and not node.alive():
        raise DemoError(f"The node ended: {node.last_log_line()}")
    return row


def send_all(node, directory, sent, progress):
    """Sends every scenario; those that build on another's outcome wait for it."""
    by_title = {scenario.title: scenario for scenario in sent}
    for scenario in sent:
        for title in scenario.after:
            wait_for(node, by_title[title], progress)
        for sending in range(len(scenario.sendings)):
            if sending and scenario.pause:
                wait_for(node, scenario, progress)
            progress.show(f"sending: {scenario.title}")
            send(node, directory, scenario, sending)
    progress.clear()


class Archive:
    """What the archive holds, by subject, read anew."""

    def __init__(self, archive):
        self.by_subject = {}
        for path in archive.files():
            with open(path, "rb") as file:
                raw = file.read()
            self.by_subject.setdefault(part10.text(part10.split(raw), PATIENT_ID), []).append((raw, part10.split(raw)))

    def of_study(self, subject, study_uid):
        """The files of one derived study."""
        return [raw for raw, file in self.by_subject.get(subject, []) if part10.text(file, 0x0020000D) == study_uid]

    def files(self):
        return [raw for files in self.by_subject.values() for raw, _ in files]


def everything_identifying(sent):
    """Every identifying value of every sample study, but for dates: those differ by patient and are looked at one by one."""
    instances = [instance for scenario in sent for sending in scenario.sendings for instance in sending]
    return identifiers.identifying_values(instances, SEARCHED)


def judge(node, scenario, archive, identifying):
    """One row of the summary and whether it is what was expected."""
    row = settled(node, scenario)
    if row is None:
        unsettled = node.by_study_uid(scenario.study_uid)
        return [scenario.title, unsettled["state"] if unsettled else "not there", "", "", ""], False
    detail = node.study(row["id"])
    verdict = "quarantined" if row["state"] in HELD else "released"
    findings = detail["verdict"]["findings"]
    # A rule id is "slot/check" or "study/check"; the check says enough in a table.
    shown = [
        finding["rule_id"].split("/")[-1]
        for finding in findings
        if finding["result"] != "pass" and finding["severity"] != "note"
    ]
    files = archive.of_study(row.get("subject", ""), detail.get("derived_study_uid", ""))
    dates = identifiers.identifying_values(scenario.study.instances, identifiers.DATES)
    hits = sorted({keyword for raw in files for keyword in identifiers.hits(raw, {**identifying, **dates})})
    deviation = verdict == "released" and bool(shown)
    as_expected = (
        verdict == scenario.outcome
        and set(scenario.findings) <= set(shown)
        and (scenario.deviation or not deviation)
        and len(files) == scenario.archived
        and not hits
    )
    identity = "-" if not files else "none found" if not hits else "FOUND: " + ", ".join(hits)
    text = verdict + (", deviation" if deviation else "")
    return [
        scenario.title,
        text,
        ", ".join(dict.fromkeys(shown)) or "-",
        f"{len(files)} instances" if files else "nothing",
        identity,
    ], as_expected


def table(header, rows):
    widths = [max(len(line[column]) for line in [header] + rows) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [header] + rows]
    return [lines[0], "-" * max(map(len, lines))] + lines[1:]


def kept_twice(node, scenario):
    """Whether both contents of a conflicting instance are kept, bit for bit."""
    row = node.by_study_uid(scenario.study_uid)
    digests = [instance["digest"] for instance in node.study(row["id"])["instances"]] if row else []
    wanted = {instance.encode()[-1000:] for sending in scenario.sendings for instance in sending}
    kept = set()
    for digest in digests:
        with open(node.blob_path(digest), "rb") as blob:
            kept.add(blob.read()[-1000:])
    return wanted <= kept


def summarise(node, archive_process, sent):
    """Prints the table. Returns whether all was as expected."""
    archive = Archive(archive_process)
    identifying = everything_identifying(sent)
    rows, failed = [], []
    for scenario in sent:
        row, good = judge(node, scenario, archive, identifying)
        if good and scenario.conflict and not kept_twice(node, scenario):
            good = False
            row[2] += " (not both kept)"
        rows.append(row + ["yes" if good else "NO"])
        if not good:
            failed.append(scenario.title)
    stray = sorted({keyword for raw in archive.files() for keyword in identifiers.hits(raw, identifying)})
    say("")
    for line in table(["sent", "outcome", "findings", "the archive holds", "identifying values", "as expected"], rows):
        say(line)
    say("")
    say(
        f"The archive holds {len(archive.files())} instances; {len(identifying)} identifying values were searched in each of them"
        f" and {'none was found' if not stray else 'FOUND: ' + ', '.join(stray)}."
    )
    say(
        f"{len(sent) - len(failed)} of {len(sent)} outcomes are as expected."
        + (f" Not: {'; '.join(failed)}." if failed else "")
    )
    return not failed and not stray


def show_notice(mails, sent):
    """Prints one of the mails to the site. Returns whether there is one about each study that is held, and about no other."""

    def about(scenario):
        return mails.naming(scenario.study.plan.accession_number)

    held = [scenario for scenario in sent if scenario.outcome == "quarantined"]
    wait_until(lambda: all(about(scenario) for scenario in held), OUTCOME_TIMEOUT, 0.25)
    wrong = [scenario.title for scenario in sent if bool(about(scenario)) != (scenario in held)]
    shown = next((scenario for scenario in held if about(scenario)), None)
    if shown:
        subject, text = about(shown)[0]
        say(f"\nThe mail to the site about \"{shown.title}\":\n\n  | {subject}\n  |")
        say("\n".join(f"  | {line}".rstrip() for line in text.splitlines()))
    say(f"\nThe site has {'a mail about each study that is held' if not wrong else 'NO or a wrong mail: ' + '; '.join(wrong)}.")
    return not wrong


def explain(node, archive, mails, directory):
    say(
        f"""
The node is up: AE title {AE_TITLE}, {LOOPBACK} port {node.port}. The archive: port {archive.port}.
  send it more:     storescu -aet {CALLING_AE_TITLE} -aec {AE_TITLE} {LOOPBACK} {node.port} FILE.dcm
  list studies:     {node.program} studies list --config {node.config_path}
  the node's log:   {node.log_path}
  the archive:      {archive.instances}
  the site's mails: {mails.folder}
Ctrl-C ends both; everything stays in {directory}."""
    )


def run(arguments, directory):
    if not os.path.exists(TRIAL):
        raise DemoError(f"The sample trial is missing: {TRIAL}")
    sent = scenarios()
    progress = Progress()
    with Storescp(os.path.join(directory, "archive")) as archive, MailSink(os.path.join(directory, "mails")) as mails:
        destinations = [{"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": archive.port}]
        notices = {
            "mail": {
                "host": LOOPBACK,
                "port": mails.port,
                "security": "none",
                "from": "trialgate@cro.example",
                "templates": os.path.join(SOURCE, "etc", "messages"),
            },
            "sites": [{"id": SITE, "language": "en", "technicians": ["ct@site01.example"]}],
        }
        folder = os.path.join(directory, "node")
        with Node(folder, [TRIAL], destinations, program=arguments.node, sections=notices) as node:
            say(f"demo: the node listens on {LOOPBACK} port {node.port}, the archive on port {archive.port}")
            say(f"demo: sending {len(sent)} sample studies with storescu")
            send_all(node, directory, sent, progress)
            for scenario in sent:
                wait_for(node, scenario, progress)
            # A study sent again must not re-open: two quiet periods show whether it does.
            time.sleep(2 * node.config["node"]["quiet_seconds"])
            good = summarise(node, archive, sent)
            good = show_notice(mails, sent) and good
            if not arguments.once:
                explain(node, archive, mails, directory)
                while node.alive():
                    time.sleep(0.5)
                raise DemoError(f"The node ended: {node.last_log_line()}")
    return good


def working_directory(arguments):
    if arguments.once:
        return tempfile.mkdtemp(prefix="trialgate-demo-")
    os.makedirs(arguments.directory, exist_ok=True)
    if os.listdir(arguments.directory):
        # A demonstration starts from nothing; what an earlier one left is moved aside, never removed.
        aside = f"{arguments.directory.rstrip('/')}-{time.strftime('%Y%m%dT%H%M%S')}"
        os.rename(arguments.directory, aside)
        os.makedirs(arguments.directory)
        say(f"demo: the folder of an earlier demonstration is now {aside}")
    return os.path.abspath(arguments.directory)


def main():
    parser = argparse.ArgumentParser(description="Runs a trialgate node and shows what becomes of sample studies.")
    parser.add_argument(
        "--once", action="store_true", help="end after the summary; 0 only if every outcome was the expected one"
    )
    parser.add_argument("--node", required=True, help="the trialgate program")
    parser.add_argument(
        "--directory", default=os.path.join(SOURCE, "build", "demo"), help="where the store, the log and the archive go"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    directory = None
    try:
        directory = working_directory(arguments)
        return 0 if run(arguments, directory) else 1
    except KeyboardInterrupt:
        say("\ndemo: ended")
        return 0
    except (DemoError, StartError, CommandError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"demo: {error}", file=sys.stderr)
    finally:
        if arguments.once and directory:
            shutil.rmtree(directory, ignore_errors=True)
    return 2


if __name__ == "__main__":
    sys.exit(main())
