"""A kernel without Landlock: the warehouse says so, and serves no account that is a person's."""

from __future__ import annotations

import sys

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from warehouse import USER, Warehouse

# Answers the system call landlock_create_ruleset as an old kernel does: there is none.
OLD_KERNEL = """
import ctypes, os, struct, sys
LANDLOCK_CREATE_RULESET, ENOSYS = 444, 38
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
REFUSE, ALLOW = 0x00050000 | ENOSYS, 0x7FFF0000
code = [
    (LOAD, 0, 0, 0),
    (JUMP_IF_EQUAL, 0, 1, LANDLOCK_CREATE_RULESET),
    (RETURN, 0, 0, REFUSE),
    (RETURN, 0, 0, ALLOW),
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
assert libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
assert libc.prctl(SECCOMP, FILTER, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def served(tmp_path):
    started = Warehouse(tmp_path / "data", tmp_path / "log", prefix=[sys.executable, "-c", OLD_KERNEL])
    yield started
    started.stop()


def only_accounts_of_the_program_are_served(served):
    assert "this kernel has no Landlock" in served.output

    def connect(account: str, password: str):
        return clickhouse_connect.get_client(
            host=served.host, port=served.port, username=account, password=password
        )

    loader = connect(USER, served.password)
    loader.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    loader.insert("t", [[n] for n in range(10)], column_names=["n"])
    assert loader.command("SELECT sum(n) FROM t") == 45
    assert connect("bionicpro_api", served.password_of("bionicpro_api")).command("SELECT 1") == 1
    # By the function file it could read the loader's password.
    assert not served.inside(served.data / "password-ml").exists()
    with pytest.raises(DatabaseError) as refused:
        connect("ml", "any")
    assert refused.value.code == 516
