"""The second design as it was: a process per stage, a queue in front of each, and a poison pill.

Prints how many nanoseconds an item takes, for as many items as the first argument says.
"""

import multiprocessing
import sys
import time

PILL = None


def stage(function, inputs, outputs):
    while (item := inputs.get()) is not PILL:
        outputs.put(function(item))
    outputs.put(PILL)


def add(x):
    return x + 1


def double(x):
    return x * 2


def main(items):
    first, second, last = (multiprocessing.Queue() for _ in range(3))
    stages = [
        multiprocessing.Process(target=stage, args=(add, first, second)),
        multiprocessing.Process(target=stage, args=(double, second, last)),
    ]
    begin = time.perf_counter()
    for process in stages:
        process.start()
    for item in range(items):
        first.put(item)
    first.put(PILL)
    total = 0
    while (item := last.get()) is not PILL:
        total += item
    for process in stages:
        process.join()
    taken = time.perf_counter() - begin
    assert total == items * (items + 1), total
    print(taken * 1e9 / items)


if __name__ == "__main__":
    main(int(sys.argv[1]))
