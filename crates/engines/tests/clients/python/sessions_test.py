"""Sessions: what `SET`, `USE` and temporary tables leave behind, and for whom."""

from __future__ import annotations

import threading
import uuid

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from warehouse import Running

# Runs until it is told to stop.
ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"


def a_setting_stays_for_the_session(connect):
    client = connect(session_id=str(uuid.uuid4()))
    client.command("SET max_block_size = 4321")
    assert client.command("SELECT getSetting('max_block_size')") == 4321
    other = connect(session_id=str(uuid.uuid4()))
    assert other.command("SELECT getSetting('max_block_size')") != 4321


def a_setting_in_the_url_does_not_stay(connect):
    client = connect(session_id=str(uuid.uuid4()))
    before = client.command("SELECT getSetting('max_block_size')")
    client.command("SELECT 1", settings={"max_block_size": 4321})
    assert client.command("SELECT getSetting('max_block_size')") == before


def a_temporary_table_belongs_to_its_session(connect):
    client = connect(session_id=str(uuid.uuid4()))
    client.command("CREATE TEMPORARY TABLE mine (n UInt8)")
    client.insert("mine", [[1], [2]], column_names=["n"], column_type_names=["UInt8"])
    assert client.query("SELECT sum(n) FROM mine").result_rows == [(3,)]
    other = connect(session_id=str(uuid.uuid4()))
    with pytest.raises(DatabaseError) as refused:
        other.query("SELECT * FROM mine")
    assert refused.value.code == 60


def without_a_session_nothing_stays(connect):
    client = connect(autogenerate_session_id=False)
    client.command("SET max_block_size = 4321")
    assert client.command("SELECT getSetting('max_block_size')") != 4321
    client.command("CREATE TEMPORARY TABLE passing (n UInt8)")
    with pytest.raises(DatabaseError) as refused:
        client.query("SELECT * FROM passing")
    assert refused.value.code == 60


def a_database_chosen_stays_for_the_session(connect, database):
    client = connect(session_id=str(uuid.uuid4()))
    client.command(f"USE {database}")
    assert client.command("SELECT currentDatabase()") == database


def an_unknown_session_is_not_made_when_it_must_exist(connect):
    client = connect(autogenerate_session_id=False)
    with pytest.raises(DatabaseError) as refused:
        client.command("SELECT 1", settings={"session_id": str(uuid.uuid4()), "session_check": 1})
    assert (refused.value.code, refused.value.name) == (372, "SESSION_NOT_FOUND")


def a_session_that_is_closed_is_forgotten(connect):
    client = connect(autogenerate_session_id=False)
    session = {"session_id": str(uuid.uuid4())}
    client._raw_request(b"CREATE TEMPORARY TABLE t (n UInt8)", session)
    client._raw_request(b"SELECT * FROM t", {**session, "close_session": "1"})
    with pytest.raises(DatabaseError) as refused:
        client._raw_request(b"SELECT * FROM t", session)
    assert refused.value.code == 60


def a_session_timeout_beyond_an_hour_is_refused(connect):
    client = connect(autogenerate_session_id=False)
    with pytest.raises(DatabaseError) as refused:
        client.command("SELECT 1", settings={"session_id": str(uuid.uuid4()), "session_timeout": 3601})
    assert refused.value.code == 374


def a_session_runs_one_query_at_a_time(connect):
    session, mark = str(uuid.uuid4()), uuid.uuid4().hex
    first, second = connect(session_id=session), connect(autogenerate_session_id=False)
    answers = []

    def run():
        try:
            first.query(f"/* {mark} */ {ENDLESS}", settings={"query_id": mark})
        except DatabaseError as error:
            answers.append(error.code)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        Running.wait_for(second, mark, 1)
        with pytest.raises(DatabaseError) as refused:
            second.command("SELECT 1", settings={"session_id": session})
        assert (refused.value.code, refused.value.name) == (373, "SESSION_IS_LOCKED")
    finally:
        second.command(f"KILL QUERY WHERE query_id = '{mark}' SYNC")
        thread.join(30)
    assert answers == [394]
    assert first.query("SELECT 1").result_rows == [(1,)]
