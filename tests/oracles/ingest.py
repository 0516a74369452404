"""Snowflake's own clients against a server on 127.0.0.1; prints what they were told as one JSON object.

usage: ingest.py KEY_FILE PORT PIPE FILE START
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from snowflake.connector.auth import AuthByKeyPair
from snowflake.ingest import SimpleIngestManager, StagedFile

ACCOUNT, USER = "myorg-myacct", "loader_svc"


def main(key_file: str, port: str, pipe: str, file: str, start: str) -> dict[str, object]:
    with open(key_file) as opened:
        pem = opened.read()
    client = SimpleIngestManager(
        account=ACCOUNT, user=USER, pipe=pipe, private_key=pem, scheme="http", host="127.0.0.1", port=int(port)
    )
    key = load_pem_private_key(pem.encode(), None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "queued": client.ingest_files([StagedFile(file, None)]),
        "report": client.get_history(),
        "scan": client.get_history_range(start),
        "driver_token": AuthByKeyPair(private_key=der).prepare(account=ACCOUNT, user=USER),
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
