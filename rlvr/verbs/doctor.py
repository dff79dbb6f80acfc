"""`rlvr doctor`: what this installation can do, and how to mend what it cannot."""

import argparse
import json
from dataclasses import asdict

HELP = "Say what works here, which sampler is used and why, and how to mend the rest."
EXAMPLE = "rlvr doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Only how it is printed."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(options: argparse.Namespace) -> int:
    """Exit code 1 if something that should work does not."""
    from rlvr.doctor import State, report

    findings = report()
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.state:<6}{finding.topic:<13}{finding.message}")
            if finding.fix:
                print(f"{'':<19}{finding.fix}")
    return int(any(finding.state is State.FAULT for finding in findings))
