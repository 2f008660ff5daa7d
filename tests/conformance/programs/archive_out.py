"""Offers archives that climb out of folders or grow a thousandfold when opened."""

import io
import tarfile
import zipfile
import zlib

from hostile import MIB, OUT, good, say

good()
with zipfile.ZipFile(f"{OUT}/p.zip", "w") as archive:
    for name in ("../../../../tmp/zip_slip", "predictions.csv", "/abs"):
        archive.writestr(name, "id,y\n")
with tarfile.open(f"{OUT}/p.tar", "w") as archive:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/tmp"
    archive.addfile(link)
    through = tarfile.TarInfo("link/tar_slip")
    through.size = 1
    archive.addfile(through, io.BytesIO(b"x"))
packer = zlib.compressobj(9, zlib.DEFLATED, 31)
with open(f"{OUT}/predictions.csv.gz", "wb") as file:
    for _ in range(64):
        file.write(packer.compress(b"0" * MIB))
    file.write(packer.flush())
say("contained", "archives offered")
