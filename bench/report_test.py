"""The content of the page of results."""

import pytest
import report


def _losses(missed: int, doubled: int, by_dlt: int, committed: int = 31_000) -> dict:
    forms = {
        "ours": {"missed": missed, "counted_twice": doubled},
        **{
            name: {"missed": by_dlt, "counted_twice": 0}
            for name in ("dlt_id", "dlt_created_at", "dlt_lag_5s", "dlt_lag_60s")
        },
    }
    return {"committed": committed, "forms": forms}


def nothing_missed_where_a_cursor_loses_meets_the_aim():
    assert report.loss_aim(_losses(0, 0, by_dlt=2_117))[1:] == ("0; the cursor 2,117", "yes")


@pytest.mark.parametrize("wrong", [(1, 0), (0, 1)])
def one_row_missed_or_doubled_does_not(wrong):
    assert report.loss_aim(_losses(*wrong, by_dlt=2_117))[2] == "no"


def rows_that_a_cursor_finds_too_prove_nothing():
    assert report.loss_aim(_losses(0, 0, by_dlt=0))[2] == "void"


def _ticks(seconds: float) -> dict:
    return {"forms": {"tick": {"seconds": {"median": seconds}}}}


@pytest.mark.parametrize(("slowest", "met"), [(0.3, "yes"), (0.31, "no")])
def a_size_that_is_half_as_slow_again_is_still_flat(slowest, met):
    assert report.flat_aim("", [_ticks(0.25), _ticks(0.2), _ticks(slowest)])[2] == met


@pytest.mark.parametrize(("through", "met"), [(600, "yes"), (590, "no")])
def the_bff_keeps_six_tenths_of_the_rate_or_not(through, met):
    rates = {"through": through, "straight": 1_000}
    measured = {way: {"requests_per_second": {"median": rate}} for way, rate in rates.items()}
    assert report.bff_aim(measured)[2] == met


@pytest.mark.parametrize(("elsewhere", "same", "met"), [(40, 39, "yes"), (41, 20, "no"), (20, 41, "no")])
def a_flood_from_either_place_at_most_doubles_the_tail_or_not(elsewhere, same, met):
    tails = {"alone_p99_ms": 20, "elsewhere_p99_ms": elsewhere, "same_p99_ms": same}
    verify = {name: {"median": 1} for name in ("known_us", "cold_us", "bare_us")}
    flood = {name: {"median": tail} for name, tail in tails.items()}
    assert report.identity_aims({"verify": verify, "flood": flood})[-1][2] == met


def few_rows_prove_nothing():
    assert report.loss_aim(_losses(0, 0, by_dlt=9, committed=29_999))[2] == "void"


def each_form_of_the_peer_has_its_line():
    lines = report.loss_lines(_losses(0, 0, by_dlt=2_117))
    assert [line[1] for line in lines] == ["0 and 0"] * 4
    assert [line[2].rsplit(": ", 1)[1] for line in lines] == ["2,117 and 0"] * 4


def each_part_is_told_as_it_was_measured_last():
    first = {"machine": {}, "pipeline": 1, "ticks": 1, "history": 1, "api": 1}
    second = {"machine": {}, "ticks": 2, "api": 2, "bff": 2}
    found, origins = report.newest({"2026-01-01": first, "2026-01-02": second})
    # The parts `ticks` and `history` of different runs are not compared.
    assert found == {"pipeline": 1, "ticks": 2, "api": 2, "bff": 2}
    assert origins == {"2026-01-02": ["ticks", "api", "bff"], "2026-01-01": ["pipeline"]}


def _load(rate: float) -> dict:
    figures = {"requests_per_second": rate, "p50_ms": 1.0, "p99_ms": 1_000 / rate}
    return {name: {"median": value} for name, value in figures.items()}


def a_load_is_held_against_each_that_was_measured_beside_it():
    rates = {
        "warm_day_8": 500,
        "bare_server_8": 1_000,
        "baseline_mart_warm_day_8": 10,
        "baseline_by_login_warm_day_8": 100,
        "health_live_8": 800,
        "not_modified_8": 600,
        "bare_not_modified_8": 1_200,
        "cold_day_8": 50,
        "visit_8": 200,
    }
    measured = {
        "loads": {name: _load(rate) for name, rate in rates.items()},
        "visit_requests": 10,
        "memory_mb": {"idle": 20, "people": {"1000": 50, "10000": 200}},
    }
    lines = report.rows_of({"api": measured})
    assert [
        (what, against.split(":")[0], ratio) for what, _, against, ratio in lines if "p99," not in what
    ] == [
        ("rate, cold day, 8 at once", "bare server, same bytes", "0.05"),
        ("rate, warm day, 8 at once", "bare server, same bytes", "0.5"),
        ("rate, warm day, 8 at once", "baseline implementation", "50"),
        ("rate, warm day, 8 at once", "the same, table in its order", "5"),
        ("rate, warm day, 8 at once", "`/health/live`", "0.625"),
        ("rate, warm day answered 304, 8 at once", "bare server, 304 too", "0.5"),
        ("rate, warm day answered 304, 8 at once", "answered 200", "1.2"),
        ("rate, visit of 10 requests, p50 1.00 ms, 8 at once", "cold day", "4"),
        ("memory of the API with 10,000 people in its cache", "with 1,000", "4"),
    ]


def results_of_before_the_baseline_still_have_their_lines():
    loads = {"cold_day_1": _load(50), "bare_server_1": _load(1_000)}
    assert [line[3] for line in report.rows_of({"api": {"loads": loads}})] == ["20", "0.05"]
