"""Measuring the host and the processes of runs from outside: CPU, memory, disks, network, GPUs.

Only looks; a value that cannot be measured is left out and has its reason. Never raises for what a machine lacks,
for a process that vanishes, or for a GPU that stops answering.
"""
