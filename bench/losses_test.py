"""Tests of the counts of rows missed and counted twice."""

import losses


def equal_cells_miss_nothing():
    assert losses.compared({"A 0": 3, "B 0": 1}, {"B 0": 1, "A 0": 3}) == (0, 0)


def a_cell_that_the_mart_lacks_is_missed_whole():
    assert losses.compared({"A 0": 3, "B 0": 2}, {"A 0": 3}) == (2, 0)


def a_cell_that_the_source_lacks_is_too_much():
    assert losses.compared({"A 0": 3}, {"A 0": 3, "A 3600": 4}) == (0, 4)


def too_much_in_one_cell_does_not_make_up_for_a_loss_in_another():
    assert losses.compared({"A 0": 3, "B 0": 2}, {"A 0": 1, "B 0": 5}) == (2, 3)
