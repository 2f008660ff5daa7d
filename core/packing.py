"""A zip that is the same bytes whenever its files are."""

import io
import zipfile
from collections.abc import Mapping


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files by name, uncompressed, in the order of their names and without times."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name)
            info.create_system = 3  # else it differs between systems
            archive.writestr(info, files[name])
    return packed.getvalue()
