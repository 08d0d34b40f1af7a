"""What a power cut leaves of the bridge's directory. tests/powercut.c, preloaded into the bridge, notes
every write and every sync in their order; here files are made of the notes in which all that was
synced is there, and of the rest nothing, or some.

    cut = PowerCut(bridge)                # before it is started
    bridge.start() ...
    cut.light(3)                          # dies instead of its third sync
    cut.restore(cut.disk(keep=random.Random(1)))
"""

import os
import shutil
import struct

from bridge import BUILD_DIR

LIBRARY = os.path.join(BUILD_DIR, "tests", "powercut.so")
NOTE = struct.Struct("=cxHIq")
SECTOR = 512


def works():
    """Not under a sanitizer, whose own library must be the first."""
    with open(os.path.join(BUILD_DIR, "Makefile"), encoding="utf-8") as file:
        plain = "\nSANITIZE = \n" in file.read()
    return plain and os.path.exists(LIBRARY)


class Content:
    """Bytes of a file, and what was written but not synced."""

    def __init__(self, data=b""):
        self.synced, self.pending = bytearray(data), []

    @staticmethod
    def apply(data, write):
        offset, new = write
        if new is None:  # truncated to offset
            del data[offset:]
            data.extend(bytes(max(0, offset - len(data))))
            return
        data.extend(bytes(max(0, offset - len(data))))
        data[offset:offset + len(new)] = new

    def sync(self):
        for write in self.pending:
            self.apply(self.synced, write)
        self.pending = []

    def now(self):
        data = bytearray(self.synced)
        for write in self.pending:
            self.apply(data, write)
        return bytes(data)

    def left(self, keep):
        """Of the writes since the last sync some arrived, and some of these in part."""
        data = bytearray(self.synced)
        for offset, new in self.pending:
            lot = keep.random()
            if lot < 0.4:
                continue
            if new is not None and lot < 0.6:
                new = new[:keep.randrange(len(new) // SECTOR + 1) * SECTOR]
            self.apply(data, (offset, new))
        return bytes(data)


class Disk:
    """A directory whose files and names become durable by syncs alone."""

    def __init__(self, files=None):
        self.names = {name: Content(data) for name, data in (files or {}).items()}
        self.synced_names = dict(self.names)

    def take(self, kind, name, offset, data):
        if kind == b"C":
            self.names.setdefault(name, Content())
        elif kind == b"W":
            self.names.setdefault(name, Content()).pending.append((offset, data))
        elif kind == b"T" and name in self.names:
            self.names[name].pending.append((offset, None))
        elif kind == b"U":
            self.names.pop(name, None)
        elif kind in b"LR" and name in self.names:
            self.names[data.decode()] = self.names[name]
            if kind == b"R":
                del self.names[name]
        elif kind == b"S" and not name:
            self.synced_names = dict(self.names)
        elif kind == b"S" and name in self.names:
            self.names[name].sync()

    def now(self):
        """{name: bytes} as processes see it."""
        return {name: content.now() for name, content in self.names.items()}

    def left(self, keep=None):
        """{name: bytes} after a power cut; keep decides what else arrived."""
        if keep is None:
            return {name: bytes(content.synced) for name, content in self.synced_names.items()}
        names = dict(self.synced_names)
        for name in sorted(set(self.names) | set(names)):
            if self.names.get(name) is not names.get(name) and keep.random() < 0.5:
                names.pop(name, None)
                if name in self.names:
                    names[name] = self.names[name]
        return {name: content.left(keep) for name, content in names.items()}


class PowerCut:
    def __init__(self, bridge):
        self.dir = os.path.join(bridge.dir, "power")
        os.mkdir(self.dir, 0o700)
        self.log = os.path.join(bridge.dir, "notes")
        self.fuse = os.path.join(bridge.dir, "power-fuse")
        self.files, self.runs = {}, 0
        self.boot = os.path.join(bridge.dir, "boot")
        self.begin_run()
        bridge.env.update({
            "LD_PRELOAD": LIBRARY, "POWERCUT_DIR": self.dir, "POWERCUT_LOG": self.log,
            "POWERCUT_FUSE": self.fuse, "POWERCUT_BOOT": self.boot,
            "FEISHU_CALDAV_STORE_PATH": os.path.join(self.dir, "store.db"),
        })

    def notes(self):
        """(kind, name, offset, bytes), oldest first."""
        with open(self.log, "rb") as file:
            text = file.read()
        at = 0
        while at + NOTE.size <= len(text):
            kind, path_bytes, data_bytes, offset = NOTE.unpack_from(text, at)
            at += NOTE.size
            name = text[at:at + path_bytes].decode()
            at += path_bytes
            yield kind, name, offset, text[at:at + data_bytes]
            at += data_bytes

    def disk(self, last=None):
        """The directory after the notes so far, or the first of them."""
        disk = Disk(self.files)
        for number, note in enumerate(self.notes()):
            if number == last:
                break
            disk.take(*note)
        return disk

    def light(self, syncs):
        with open(self.fuse, "w", encoding="ascii") as file:
            file.write(f"{syncs:06d}")

    def put_out(self):
        if os.path.exists(self.fuse):
            os.unlink(self.fuse)

    def begin_run(self):
        """Of the machine: the kernel names each."""
        self.runs += 1
        with open(self.boot, "w", encoding="ascii") as file:
            file.write(f"{self.runs:08x}-0000-4000-8000-000000000000\n")

    def restore(self, files):
        """The directory of a machine that starts again holds these files alone; the notes begin
        anew."""
        self.begin_run()
        write_files(self.dir, files)
        self.files = files
        if os.path.exists(self.log):
            os.unlink(self.log)


def write_files(directory, files):
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory, 0o700)
    for name, data in files.items():
        path = os.path.join(directory, name)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o600)
