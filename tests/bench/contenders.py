"""The receivers that are compared, each started on an empty folder of its own and asked for its peak memory at the end."""

import contextlib
import glob
import os
import tempfile

from node import Node
from processes import LOOPBACK, Orthanc, Storescp, peak_resident_kib, wait_until

SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TRIAL = os.path.join(SOURCE, "etc", "trials", "ONC-301.yaml")
NODELAY = {"TCP_NODELAY": "1"}
QUIET_SECONDS = 0.1  # end to end; it is part of the measured time

LUA = """
function OnStoredInstance(instanceId, tags, metadata, origin)
   if origin['RequestOrigin'] ~= 'Lua' then
      local replace = {}
      replace['PatientName'] = 'ONC301-001'
      replace['PatientBirthDate'] = ''
      replace['InstitutionName'] = ''
      replace['ReferringPhysicianName'] = ''
      replace['AccessionNumber'] = ''
      Delete(SendToModality(ModifyInstance(instanceId, replace, { 'PatientAddress', '0010-1000' }, true), 'archive'))
   end
end
"""


def children(pid):
    """Process ids of the children of `pid`."""
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        with contextlib.suppress(OSError), open(path) as file:
            found += [int(text) for text in file.read().split()]
    return found


class Running:
    """A contender that listens. `archived`: how many instances the archive behind it holds."""

    def __init__(self, port, pid, archive=None, node=None):
        self.port, self._pid, self._archive, self._node = port, pid, archive, node

    def archived(self):
        return len(os.listdir(self._archive.instances))

    def peak_mib(self):
        return peak_resident_kib(self._pid) / 1024

    def peak_worker_mib(self):
        return max((peak_resident_kib(pid) / 1024 for pid in children(self._pid)), default=0)

    def wait_until_examined(self):
        # A submission is there once its first instance has been examined.
        if not wait_until(self._node.studies, 300, 0.5):
            raise RuntimeError("the node did not come to rest")


class Contender:
    """What can be started again and again. `start` yields a Running and ends it; its files stay until the whole measurement
    is over, since ext4 looks for new inodes more slowly for minutes after many were deleted."""

    def __init__(self, name, work, environment=None, forward=False):
        self.name, self._work, self._environment, self._forward = name, work, environment, forward

    @contextlib.contextmanager
    def start(self):
        directory = tempfile.mkdtemp(dir=self._work)
        with contextlib.ExitStack() as stack:
            archive = stack.enter_context(Storescp(os.path.join(directory, "archive"))) if self._forward else None
            yield self._running(stack, directory, archive)


class StorescpReceiver(Contender):
    def _running(self, stack, directory, archive):
        peer = stack.enter_context(Storescp(os.path.join(directory, "storescp"), environment=self._environment))
        return Running(peer.port, peer.process.pid)


class OrthancReceiver(Contender):
    """Orthanc that syncs what it stores, as its documentation asks for where nothing may be lost."""

    def _running(self, stack, directory, archive):
        settings, modalities = {"SyncStorageArea": True}, {}
        if archive:
            script = os.path.join(directory, "forward.lua")
            with open(script, "w") as out:
                out.write(LUA)
            settings["LuaScripts"] = [script]
            modalities["archive"] = ("ARCHIVE", archive.port)
        environment = self._environment
        peer = stack.enter_context(
            Orthanc(
                os.path.join(directory, "orthanc"), modalities=modalities, settings=settings, environment=environment
            )
        )
        return Running(peer.port, peer.process.pid, archive)


class Trialgate(Contender):
    """The node as configured by default; end to end with the sample trial."""

    def _running(self, stack, directory, archive):
        port = archive.port if archive else 1
        destinations = [{"name": "irc-archive", "ae_title": "ARCHIVE", "host": LOOPBACK, "port": port}]
        settings = {"quiet_seconds": QUIET_SECONDS if archive else 300, "max_associations": 64}
        node = stack.enter_context(Node(os.path.join(directory, "node"), [TRIAL], destinations, settings=settings))
        return Running(node.port, node.process.pid, archive, node)
