"""Runs the BionicPRO Reports pipeline from Apache Airflow 3.

The work is done by the program ``bionicpro``. This package starts it, passes it the connections, and maps its
exit status to a task state. It computes nothing.
"""

from importlib.metadata import version

__version__ = version("bionicpro-airflow")
