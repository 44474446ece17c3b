"""`runferry doctor`: the way to a server and this computer, looked at step by step, with what to do where one fails."""

from runferry.engine.doctor.examination import examine
from runferry.engine.doctor.step import Mark, Step
from runferry.engine.doctor.walk import walk

__all__ = ["Mark", "Step", "examine", "walk"]
