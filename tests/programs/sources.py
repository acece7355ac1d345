"""Where the programs come from: clones at pinned commits, or mirrors and checkouts that are at hand."""

import functools
import os
import shutil
import socket
import subprocess
from pathlib import Path

# owner/name and the commit the checks were written for
PINNED = {
    "KxSystems/kdb": "28d14cde9840ddb1d98613560cf5e051ae108a4d",
    "KxSystems/kdb-tick": "85c08ff192b0a103b323246c7300a37919be6159",
    "KxSystems/ml": "5509fa6cfc454c68bf3441672fe1a26cb5a19088",
    "DataIntellectTech/TorQ": "a6cee6cef5f7e495c984d26193f3c3fb59ed60c0",
    "simongarland/k4unit": "fd14e7e7a945b9b4e948ebdc29251bcf62302d30",
}

HOST = "github.com"
CONNECT_SECONDS = 5
CLONE_SECONDS = 300

# what the checks read; binaries and pictures stay out
KINDS = {".q", ".k", ".t", ".p", ".csv", ".txt", ".json", ".sh", ".html", ""}


def git(directory, *arguments):
    return subprocess.run(
        ["git", f"--git-dir={directory}", *arguments], capture_output=True, check=True
    ).stdout


def git_directory(place):
    """The git directory in a place, bare or of a checkout; None when there is none."""
    for candidate in (place, place / ".git", place / "repo", place / "repo" / ".git"):
        if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
            return candidate
    return None


def extract(directory, commit, target):
    """Writes the files of a commit one by one, so that a mirror may lack its large ones."""
    try:
        git(directory, "cat-file", "-e", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        commit = "HEAD"
    for line in git(directory, "ls-tree", "-r", "-z", commit).split(b"\0"):
        if not line:
            continue
        entry, name = line.split(b"\t", 1)
        _, kind, blob = entry.split()
        path = target / name.decode()
        if kind != b"blob":
            continue
        small = path.suffix.lower() in KINDS or "tests" in path.parts
        if not small:
            continue
        try:
            content = git(directory, "cat-file", "blob", blob.decode())
        except subprocess.CalledProcessError:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def from_folder(name, folder, target):
    """Takes a program from a folder of mirrors or checkouts; False when it is not there."""
    owner, short = name.split("/")
    for place in (folder / f"{owner}+{short}", folder / owner / short, folder / short):
        if not place.is_dir():
            continue
        directory = git_directory(place)
        if directory:
            extract(directory, PINNED[name], target)
        else:
            shutil.copytree(place, target, dirs_exist_ok=True)
        return True
    return False


@functools.cache
def reaches_network():
    """True when the host of the repositories takes connections."""
    try:
        socket.create_connection((HOST, 443), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def from_network(name, clones):
    """Clones a program, once; None when that does not work."""
    clone = clones / name.replace("/", "+")
    if clone.is_dir():
        return clone
    if not reaches_network():
        return None
    command = ["git", "clone", "--quiet", "--bare", f"https://{HOST}/{name}.git", clone]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=CLONE_SECONDS,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
    except (subprocess.TimeoutExpired, FileNotFoundError):
        done = None
    if done is None or done.returncode != 0:
        shutil.rmtree(clone, ignore_errors=True)
        return None
    return clone


def place(name, work, folder):
    """A fresh working copy of the program, from a folder of mirrors or checkouts, or cloned; None when it cannot be had."""
    target = work / "copies" / name.split("/")[1]
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    if folder is not None and from_folder(name, Path(folder), target):
        return target
    clone = from_network(name, work / "clones")
    if clone is None:
        return None
    extract(clone, PINNED[name], target)
    return target
