"""Runs the BionicPRO Reports pipeline from Apache Airflow 3.

The work is done by the program ``bionicpro``. This package starts it, hands it the connections, and says in
Airflow's words how it ended. It computes nothing.
"""

from importlib.metadata import version

__version__ = version("bionicpro-airflow")
