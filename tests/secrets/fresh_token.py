"""`python -m tests.secrets.fresh_token MODULE DIRECTORY LABEL`: a SoftHSM token whose PIN comes from standard input; prints its serial."""

import json
import sys
from pathlib import Path

from ceremony.cli.people import REHEARSAL_SO_PIN
from ceremony.hsm.initialise import init_token, make_softhsm_directory

if __name__ == "__main__":
    module, directory, label = sys.argv[1:]
    serial = init_token(module, str(make_softhsm_directory(Path(directory))), label, REHEARSAL_SO_PIN, sys.stdin.read())
    json.dump({"serial": serial}, sys.stdout)
