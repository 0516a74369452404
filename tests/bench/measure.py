"""Runs a command and says what it cost; prints tables and the machine they were made on.

Comes in: commands. Goes out: wall time, processor time (user + sys) and peak memory of the process, as the kernel
accounts them. Processor time is the trustworthy figure where other programs share the machine.
"""
import dataclasses, json, os, platform, statistics, subprocess, sys, tempfile, time


@dataclasses.dataclass
class Cost:
    wall_s: float
    cpu_s: float
    peak_mib: float
    output: str = ""


def run(command, env=None, cwd=None, expect=(0,)):
    """The command's cost and standard output; an unexpected exit code ends the benchmark."""
    command = [str(part) for part in command]
    with tempfile.NamedTemporaryFile("r", suffix=".json") as report:
        # By way of a small process: the kernel counts the memory of whoever starts a program as the program's own.
        done = subprocess.run([sys.executable, "-S", "-E", __file__, report.name, *command], env=env, cwd=cwd,
                              capture_output=True, text=True)
        if not (said := report.read()):
            sys.exit(f"{command[0]} could not be started:\n{done.stderr[-2000:]}")
    wall, cpu, peak_kib, code = json.loads(said)
    if code not in expect:
        sys.exit(f"{' '.join(command)}\nended with {code}:\n{done.stderr[-2000:]}")
    return Cost(wall, cpu, peak_kib / 1024, done.stdout)


def launch(report, *command):
    """What the small process does."""
    started = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    kib = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    with open(report, "w") as file:
        file.write(json.dumps([wall, usage.ru_utime + usage.ru_stime, kib, os.waitstatus_to_exitcode(status)]))


def median(costs):
    """The median of each figure; the peak is the highest."""
    return Cost(statistics.median(cost.wall_s for cost in costs), statistics.median(cost.cpu_s for cost in costs),
                max(cost.peak_mib for cost in costs), costs[-1].output)


def table(title, header, rows, notes=()):
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    line = lambda row: "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                                 for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
    print(f"\n{title}\n{'-' * len(title)}")
    print("\n".join([line(header), *map(line, cells[1:]), *[f"  {note}" for note in notes]]), flush=True)


def machine():
    """One line on the processor, the memory and how busy it is with other work."""
    model, memory = platform.processor() or platform.machine(), ""
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            model = next(line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name"))
        with open("/proc/meminfo") as meminfo:
            memory = f", {int(meminfo.readline().split()[1]) >> 20} GiB"
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} × {model}{memory}, {platform.system()} {platform.release()}, {load()}"


def load():
    return f"load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    launch(*sys.argv[1:])
