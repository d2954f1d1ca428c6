"""A stand-in as a process of its own, for as long as it is asked."""

import subprocess


class StandIn:
    def __init__(self, program, *arguments):
        command = [program, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise SystemExit("error: the stand-in did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
