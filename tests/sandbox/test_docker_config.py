from pathlib import Path

from palio.sandbox import hidden
from palio.sandbox.docker import config
from palio.sandbox.docker.config import Bind
from palio.sandbox.spec import Limits, RunName, RunSpec, RuntimeRoot

LIMITS = Limits(
    seconds=60, memory_bytes=2**29, cpus=1.5, processes=10, output_bytes=2**26, scratch_bytes=2**20
)
SPEC = RunSpec(
    name=RunName("0badcafe", "job1", 1, "model"),
    root=RuntimeRoot(Path("/nowhere")),
    argv=("python3", "main.py", "--flag"),
    limits=LIMITS,
    env={"HOME": "/elsewhere", "http_proxy": "http://proxy", "SEED": "1"},
    workdir="/app",
)
BINDS = (Bind("/data/features", "/input"), Bind("run.out", "/output", is_volume=True))


def body(**changes: str) -> dict[str, object]:
    return config.container(
        SPEC, image="sha256:0", binds=BINDS, seccomp='{"defaultAction": "no"}', **changes
    )


def test_every_wall_is_there() -> None:
    host = body()["HostConfig"]
    assert isinstance(host, dict)
    mounts, limits = host.pop("Mounts"), host.pop("Ulimits")
    assert [(m["Type"], m["Target"], m["ReadOnly"]) for m in mounts] == [
        ("bind", "/input", True),
        ("volume", "/output", True),
    ]
    assert mounts[1]["VolumeOptions"] == {"NoCopy": True}
    assert {limit["Name"]: limit["Hard"] for limit in limits} == {
        "nofile": 1024,
        "fsize": 2**26,
        "core": 1,
    }
    assert host == {
        "NetworkMode": "none",
        "IpcMode": "none",
        "CgroupnsMode": "private",
        "MaskedPaths": list(hidden.PATHS),
        "Tmpfs": {"/dev/shm": config.shared_options(LIMITS)},  # noqa: S108 (of the box)
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true", 'seccomp={"defaultAction": "no"}'],
        "PidsLimit": 11,
        "Memory": 2**29,
        "MemorySwap": 2**29,
        "CpuPeriod": 100_000,
        "CpuQuota": 150_000,
        "OomScoreAdj": 1000,
        "LogConfig": {
            "Type": "local",
            "Config": {"max-size": str(2**26), "max-file": "2", "compress": "false"},
        },
        "Init": True,
        "RestartPolicy": {"Name": "no"},
    }


def test_image_decides_nothing() -> None:
    made = body()
    assert made["Cmd"] == ["python3", "main.py", "--flag"]
    assert (made["Entrypoint"], made["User"], made["WorkingDir"]) == ([], "65534:65534", "/app")
    assert (made["Healthcheck"], made["NetworkDisabled"]) == ({"Test": ["NONE"]}, True)


def test_environment_is_what_was_asked_for_without_proxies() -> None:
    made = config.environment(SPEC.env)
    assert {name: value for name, value in made.items() if value} == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/elsewhere",
        "LANG": "C.UTF-8",
        "SEED": "1",
    }
    assert (made["http_proxy"], made["HTTPS_PROXY"]) == ("", "")


def test_gvisor_counts_the_guests_processes_itself() -> None:
    host = body(runtime="runsc")["HostConfig"]
    assert isinstance(host, dict)
    assert (host["Runtime"], host["PidsLimit"]) == ("runsc", 64 + 9 * 10)
    assert {"Name": "nproc", "Soft": 10, "Hard": 10} in host["Ulimits"]


def test_writable_volumes_are_bounded_in_bytes_and_files() -> None:
    options = config.volume_options(LIMITS)
    assert {target: made["o"] for target, made in options.items()} == {
        "/output": "size=67108864,nr_inodes=1025,mode=0700,uid=65534,gid=65534,nosuid,nodev,noexec",
        "/tmp": "size=1048576,nr_inodes=4097,mode=1777,nosuid,nodev,noexec",  # noqa: S108 (in a box)
    }


def test_kept_log_is_bounded_whatever_may_be_written() -> None:
    asked = {
        most: config.log_piece(Limits(seconds=1, memory_bytes=1, written_log_bytes=most))
        for most in (1, 2**22, 2**40)
    }
    assert asked == {1: 2**20, 2**22: 2**22, 2**40: 2**26}
