"""Runs without failures: the mart equals the sources, however the runs are started."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

TODAY = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
FOUR_STEPS = ("extract_crm_data", "extract_telemetry_data", "transform_and_join", "load_to_clickhouse")


def _day(days_ago: int) -> str:
    return (TODAY - timedelta(days=days_ago)).strftime("%Y-%m-%d")


def _move(company: Any, days_ago: int, hour: int = 8) -> None:
    """Inserts a movement that arrives now, for a day in the past."""
    company.telemetry(
        "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, response_time_ms, battery_level) "
        f"SELECT min(chip_id), '{_day(days_ago)} {hour:02}:30:00', 40, 80 FROM telemetry.raw_telemetry"
    )


def a_long_backfill_is_shared_out_among_lanes(client: Any, company: Any, unpaused: Any) -> None:
    dag = "bionicpro_reports_backfill"
    with unpaused(dag):
        run = client.trigger(dag, {"from": _day(40), "to": _day(0), "lanes": 2})
        assert client.ended(dag, run) == "success"
    assert client.states(dag, run) == {"plan": "success", "load_days 0": "success", "load_days 1": "success"}
    assert company.differences() == []


def a_run_brings_what_is_new_wherever_it_belongs(client: Any, company: Any, unpaused: Any) -> None:
    with unpaused("impatient"):
        # The first run ever is a full one and leaves a baseline.
        assert client.ended("impatient", client.trigger("impatient")) == "success"
        _move(company, days_ago=33)
        assert len(company.differences()) == 2, "the hour without the movement, and with it"
        run = client.trigger("impatient")
        assert client.ended("impatient", run) == "success"
    assert set(client.states("impatient", run).values()) == {"success"}
    assert company.differences() == []


def the_xcom_of_a_task_is_its_report_and_no_data(client: Any) -> None:
    run = client.runs("impatient")[-1]["dag_run_id"]
    for task in FOUR_STEPS:
        report = client.xcom("impatient", run, task)
        assert (report["run"], report["step"], report["state"]) == (f"impatient.{run}", task, "done")
        assert len(str(report)) < 2000


def a_run_without_news_is_green_and_shows_that_it_skipped(client: Any, unpaused: Any) -> None:
    with unpaused("impatient"):
        run = client.trigger("impatient")
        assert client.ended("impatient", run) == "success"
    assert client.states("impatient", run) == {
        "extract_crm_data": "success",
        "extract_telemetry_data": "skipped",
        "transform_and_join": "skipped",
        "load_to_clickhouse": "skipped",
    }


def a_row_that_no_tick_finds_is_found_by_the_comparison(client: Any, company: Any, unpaused: Any) -> None:
    dag = "bionicpro_reports_compare"
    company.telemetry(
        "INSERT INTO telemetry.raw_telemetry (chip_id, event_time, inserted_by) "
        f"SELECT min(chip_id), '{_day(50)} 08:30:00', '3' FROM telemetry.raw_telemetry"
    )
    with unpaused(dag):
        assert client.ended(dag, client.trigger(dag)) == "success"
    # A scheduled run may have come first and left nothing to compare.
    runs = [run["dag_run_id"] for run in client.runs(dag)]
    compared = [run for run in runs if client.states(dag, run) == {"compare_days": "success"}]
    assert len(compared) == 1
    report = client.xcom(dag, compared[0], "compare_days")
    assert (report["differing"], len(report["mended"]), report["refused"]) == (1, 1, [])
    assert company.differences() == []


def a_load_wakes_the_dags_that_wait_for_the_mart(client: Any, company: Any, unpaused: Any) -> None:
    with unpaused("impatient", "downstream"):
        _move(company, days_ago=2)
        run = client.trigger("impatient")
        assert client.ended("impatient", run) == "success"

        def told() -> list[Any]:
            woken = [
                woken["dag_run_id"] for woken in client.runs("downstream") if woken["state"] == "success"
            ]
            extras = [extra for dag_run in woken for extra in client.xcom("downstream", dag_run, "tell")]
            return [extra for extra in extras if extra["run"] == f"impatient.{run}"]

        client.wait(told, "the DAG that waits")
    assert told()[0]["counts"]["cells"] == 1


def a_run_over_a_range_mends_what_no_tick_sees(client: Any, company: Any, unpaused: Any) -> None:
    company.telemetry(
        "DELETE FROM telemetry.raw_telemetry WHERE id IN (SELECT id FROM telemetry.raw_telemetry "
        f"WHERE event_time >= '{_day(20)}' AND event_time < '{_day(19)}' LIMIT 5)"
    )
    assert company.differences() != []
    horizon = company.horizon()
    with unpaused("bionicpro_reports_etl"):
        run = client.trigger("bionicpro_reports_etl", {"from": _day(20), "to": _day(19)})
        assert client.ended("bionicpro_reports_etl", run) == "success"
    assert company.differences() == []
    assert company.horizon() >= horizon


def airflows_own_backfill_recomputes_past_intervals(
    client: Any, company: Any, site: Any, unpaused: Any
) -> None:
    company.telemetry(
        "UPDATE telemetry.raw_telemetry SET event_time = event_time + interval '1 hour' WHERE id IN ("
        "SELECT id FROM telemetry.raw_telemetry "
        f"WHERE event_time >= '{_day(15)} 10:00' AND event_time < '{_day(15)} 11:00' LIMIT 2)"
    )
    horizon = company.horizon()
    with unpaused("bionicpro_reports_etl"):
        site.cli(
            *("backfill", "create", "--dag-id", "bionicpro_reports_etl", "--max-active-runs", "3"),
            *("--from-date", f"{_day(15)}T10:00:00+00:00", "--to-date", f"{_day(15)}T11:45:00+00:00"),
        )

        def runs() -> list[dict[str, Any]]:
            return [run for run in client.runs("bionicpro_reports_etl") if run["run_type"] == "backfill"]

        client.wait(
            lambda: len(runs()) == 8 and all(run["end_date"] for run in runs()), "eight quarters of an hour"
        )
    assert {run["state"] for run in runs()} == {"success"}
    asked = client.xcom("bionicpro_reports_etl", runs()[0]["dag_run_id"], "extract_telemetry_data")["range"]
    assert asked == {"from": f"{_day(15)}T10:00:00Z", "to": f"{_day(15)}T11:00:00Z"}, (
        "a quarter is its hour, whole"
    )
    assert company.differences() == []
    assert company.horizon() >= horizon


def a_run_that_asks_for_what_cannot_be_fails_at_once_and_says_why(client: Any, unpaused: Any) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"form": "2024-01-15"}, "unknown keys: form; known are: from, full, to"),
        ({"from": "2024-01-16", "to": "2024-01-15"}, "ends before it begins"),
        ({"from": "2024-01-15"}, "a range needs both"),
        ({"from": "2001-01-01", "to": "2001-01-02"}, "begin at --from"),
    ]
    with unpaused("impatient"):
        runs = [client.trigger("impatient", conf) for conf, _ in wrong]
        assert [client.ended("impatient", run) for run in runs] == ["failed"] * len(wrong)
    for run, (conf, said) in zip(runs, wrong, strict=True):
        task = client.tasks("impatient", run)["extract_telemetry_data"]
        assert (task["state"], task["try_number"]) == ("failed", 1), conf
        assert said in client.log("impatient", run, "extract_telemetry_data")


def the_form_refuses_what_is_no_time(client: Any) -> None:
    assert "from" in client.refused("bionicpro_reports_etl", {"from": "tomorrow", "to": "2024-01-15"})
    assert "lanes" in client.refused(
        "bionicpro_reports_backfill", {"from": _day(2), "to": _day(1), "lanes": 1000}
    )


def airflows_own_test_of_a_dag_runs_it_whole(company: Any, site: Any) -> None:
    _move(company, days_ago=8)
    tested = site.cli("dags", "test", "bionicpro_reports_etl")
    assert "state=success" in tested.stdout + tested.stderr
    assert company.differences() == []


def two_runs_at_once_do_no_harm(client: Any, company: Any, unpaused: Any) -> None:
    with unpaused("impatient", "bionicpro_reports_backfill"):
        for days_ago in range(30, 36):
            _move(company, days_ago)
        runs = [
            (
                "bionicpro_reports_backfill",
                client.trigger("bionicpro_reports_backfill", {"from": _day(36), "to": _day(29)}),
            ),
            ("impatient", client.trigger("impatient")),
            ("impatient", client.trigger("impatient", {"from": _day(33), "to": _day(31)})),
        ]
        assert [client.ended(dag, run) for dag, run in runs] == ["success"] * 3
    assert company.differences() == []


def the_scheduler_runs_the_steps_by_their_cron(client: Any, company: Any, unpaused: Any) -> None:
    with unpaused("every_minute"):
        for loaded in (1, 2):
            _move(company, days_ago=4 + loaded)

            def loads(wanted: int = loaded) -> bool:
                done = [run for run in client.runs("every_minute") if run["state"] == "success"]
                states = [
                    client.states("every_minute", run["dag_run_id"])["load_to_clickhouse"] for run in done
                ]
                return states.count("success") >= wanted

            client.wait(loads, f"load {loaded} by the schedule")
    runs = client.runs("every_minute")
    assert {run["run_type"] for run in runs} == {"scheduled"}
    assert company.differences() == []


def a_late_run_is_told_in_the_triggerers_log(client: Any, site: Any, unpaused: Any) -> None:
    with unpaused("late"):
        run = client.trigger("late")
        log = site.home / "components" / "triggerer.log"
        client.wait(lambda: "the mart is late" in log.read_text(), "the alert")
        assert client.ended("late", run) == "success"
