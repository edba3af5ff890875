"""What the header of an RPM says of itself: read without any tool, since a server that publishes may have none."""

import struct
from typing import BinaryIO, Optional, Tuple

#: Of the tags: where the package comes from. OBS writes `obs://HOST/PROJECT/REPOSITORY/SRCMD5-PACKAGE`.
DISTURL = 1123
LEAD = 96
MAGIC = b"\x8e\xad\xe8\x01"
STRING = 6
#: As rpm bounds a header: entries, and bytes of their values.
ENTRIES = 0xFFFF
BYTES = 64 * 1024 * 1024
#: Most bytes of a text that is taken.
TEXT = 4096


def disturl(path: str) -> Optional[str]:
    """Where an RPM says that it comes from; None where it does not, or is none."""
    try:
        with open(path, "rb") as file:
            if file.read(LEAD)[:4] != b"\xed\xab\xee\xdb":
                return None
            entries, size = _sizes(file)
            # The signature is padded to eight bytes.
            file.seek(entries * 16 + size + (-size) % 8, 1)
            entries, size = _sizes(file)
            index = file.read(entries * 16)
            for tag, kind, offset, count in struct.iter_unpack(">4I", index):
                if tag == DISTURL and kind == STRING and count == 1 and offset < size:
                    file.seek(offset, 1)
                    text, end, _ = file.read(min(TEXT, size - offset)).partition(b"\0")
                    return text.decode("ascii") if end else None
    except (OSError, ValueError, struct.error):
        pass
    return None


def _sizes(file: BinaryIO) -> Tuple[int, int]:
    """Entries of the header that begins here, and bytes of its values. Raises ValueError where none does."""
    magic, entries, size = struct.unpack(">4s4x2I", file.read(16))
    if magic != MAGIC or entries > ENTRIES or size > BYTES:
        raise ValueError("no header")
    return entries, size
