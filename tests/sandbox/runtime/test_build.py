"""The root for code: what is in it, what is not, and that it starts with nothing around it."""

import hashlib
import json
import os
import platform
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from palio.sandbox.runtime import build, packages, python
from palio.sandbox.runtime.packages import RuntimeBuildError


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root with Python alone."""
    state = tmp_path_factory.mktemp("state")
    yield build.ensure(state, packages=False).folder
    shutil.rmtree(state)


def run_in(root: Path, *command: str) -> str:
    """Run a program that sees nothing but the root."""
    alone = [] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user"]
    done = subprocess.run(
        [*alone, "chroot", root, *command],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def contents(root: Path) -> dict[str, tuple[int, int, str]]:
    """Return mode, time and digest of every file."""
    return {
        str(path.relative_to(root)): (
            path.stat().st_mode,
            int(path.stat().st_mtime),
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_python_starts_with_nothing_but_the_root(bare: Path) -> None:
    code = "import ssl, sqlite3, sys, zlib; print(sys.prefix, sys.version)"
    assert run_in(bare, "python", "-c", code) == f"/usr {sys.version}\n"
    assert run_in(bare, "/usr/bin/python3", "-c", "print(1)") == "1\n"


def test_shell_and_env_start_with_nothing_but_the_root(bare: Path) -> None:
    assert run_in(bare, "/bin/sh", "-c", "/usr/bin/env A=b sh -c 'echo $A'") == "b\n"


def test_traceback_names_paths_of_the_box(bare: Path) -> None:
    said = run_in(bare, "python", "-c", "import json; json.loads('x')")
    assert f'File "/usr/{sys.platlibdir}/python{python.VERSION}/json/__init__.py"' in said
    assert str(bare) not in said


def test_configuration_of_python_names_no_folder_of_this_machine(bare: Path) -> None:
    code = "import sysconfig; print(*sysconfig.get_config_vars().values())"
    assert sys.base_prefix == "/usr" or sys.base_prefix not in run_in(bare, "python", "-c", code)


def test_every_mount_point_is_an_empty_folder(bare: Path) -> None:
    names = ["output", "tmp", "proc", "dev", "app", "metric", "run", "input/ref", "input/res"]
    assert {name: list((bare / name).iterdir()) for name in names} == {name: [] for name in names}


def test_root_holds_what_is_listed_and_no_more(bare: Path) -> None:
    assert sorted(each.name for each in bare.iterdir()) == sorted(
        [
            "app",
            "bin",
            "dev",
            "etc",
            "input",
            "lib",
            "lib64",
            "metric",
            "output",
            "palio",
            "proc",
            "run",
            "runtime.json",
            "sbin",
            "sys",
            "tmp",
            "usr",
            "var",
        ]
    )
    assert sorted(each.name for each in (bare / "etc").iterdir()) == [
        "group",
        "hosts",
        "nsswitch.conf",
        "passwd",
    ]
    tools = {"env", "python", "python3", f"python{python.VERSION}", "sh", "true"}
    assert {each.name for each in (bare / "usr/bin").iterdir()} == tools


def test_everybody_reads_and_nobody_but_the_owner_writes(bare: Path) -> None:
    modes = {
        stat.S_IMODE(path.lstat().st_mode) for path in bare.rglob("*") if not path.is_symlink()
    }
    assert modes == {0o755, 0o644}


def test_links_stay_inside(bare: Path) -> None:
    links = [path for path in bare.rglob("*") if path.is_symlink()]
    assert [each for each in links if not each.resolve().is_relative_to(bare.resolve())] == []


def test_record_says_what_it_is_made_of(bare: Path) -> None:
    record = json.loads((bare / "runtime.json").read_text())
    assert record == {
        "digest": build.digest_of(packages=False),
        "python": platform.python_version(),
        "packages": {},
    }
    assert bare.name == record["digest"][:16]


def test_second_call_finds_the_first_ones_root_and_builds_nothing(bare: Path) -> None:
    said: list[str] = []
    again = build.ensure(bare.parent.parent, packages=False, say=said.append)
    assert (again.folder, said) == (bare, [])
    assert build.find(bare.parent.parent, packages=False) == again
    assert build.find(bare.parent.parent) is None


def test_two_at_once_and_rubbish_of_a_dead_builder_make_one_root(tmp_path: Path) -> None:
    name = build.digest_of(packages=False)[:16]
    rubbish = tmp_path / "runtime" / f"{name}.new" / "usr/bin/python"
    rubbish.parent.mkdir(parents=True)
    rubbish.write_text("half")
    said: list[str] = []

    def ensure() -> Path:
        return build.ensure(tmp_path, packages=False, say=said.append).folder

    with ThreadPoolExecutor(2) as pool:
        roots = [each.result() for each in [pool.submit(ensure), pool.submit(ensure)]]
    assert roots == [tmp_path / "runtime" / name] * 2
    assert len(said) == len(set(said))
    assert sorted(each.name for each in (tmp_path / "runtime").iterdir()) == [name, f"{name}.lock"]


def test_equal_digests_are_equal_roots(bare: Path, tmp_path: Path) -> None:
    other = build.ensure(tmp_path, packages=False).folder
    assert contents(other) == contents(bare)


def test_empty_folder_of_wheels_is_refused_with_the_way_to_fill_it(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with pytest.raises(RuntimeBuildError, match="does not have every package") as caught:
        build.ensure(tmp_path / "state", wheels=wheels)
    assert "pip download --require-hashes" in caught.value.hint
    assert build.find(tmp_path / "state") is None


def test_index_that_does_not_answer_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(RuntimeBuildError, match="cannot reach a package index") as caught:
        build.ensure(tmp_path)
    assert "palio runtime build --wheels" in caught.value.hint


def test_lock_names_a_hash_for_every_version_and_no_index() -> None:
    lines = packages.LOCK.read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith(" ")]
    assert [line for line in pinned if "==" not in line or not line.endswith("\\")] == []
    assert [line for line in lines if "://" in line] == []


@pytest.mark.slow
def test_packages_are_those_of_the_lock_and_work(tmp_path: Path) -> None:
    root = build.ensure(tmp_path)
    record = build.read(root)
    assert {"numpy", "pandas", "scikit_learn", "scipy", "tzdata"} <= record.packages.keys()
    code = (
        "import pandas, sklearn.linear_model as m;"
        "print(m.Ridge().fit([[0.], [1.]], [0., 1.]).predict([[.5]])[0].round(3))"
    )
    alone = ("env", "JOBLIB_MULTIPROCESSING=0")  # chroot alone brings no /dev/shm
    assert run_in(root.folder, *alone, "python", "-c", code) == "0.5\n"
    assert not list(root.folder.rglob("site-packages/bin"))
