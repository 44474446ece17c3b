"""Run by either Python: an online run that logs a row now and then and notes when. Arguments: module, folder, rows, s.

Prints the run's id, then one line per row: the monotonic time before `log`, which all processes of a machine share.
"""

import importlib
import sys
import time

name, folder, rows, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
module = importlib.import_module(name)
settings = {"settings": module.Settings(silent=True, console="off", x_disable_stats=True)} if name == "wandb" else {}
run = module.init(project="trickle-" + name, dir=folder, **settings)
print(run.id, flush=True)
for step in range(rows):
    at = time.monotonic()
    run.log({"loss": 1.0 / (step + 1), "accuracy": step / rows, "lr": 3e-4})
    sys.__stdout__.write(f"{at!r}\n")
    sys.__stdout__.flush()
    time.sleep(pause)
run.finish()
