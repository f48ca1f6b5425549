# Tries to change, rename and delete the files of others.
# claim: writing

import contextlib
import os


def find(hints):
    public = hints["folder"] + "/public"
    for act in (
        lambda: os.truncate(public, 0),
        lambda: os.chmod(public, 0o777),
        lambda: os.link(public, public + "-mqlab-attack"),
        lambda: os.rename(public, public + "-mqlab-attack"),
        lambda: os.unlink(public),
        lambda: os.rmdir(hints["folder"]),
        lambda: os.setxattr(public, "user.attack", b"1"),
        lambda: os.utime(public, (1, 1)),
    ):
        with contextlib.suppress(OSError):
            act()
    return
