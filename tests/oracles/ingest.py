"""Snowflake's own client against a server on 127.0.0.1; prints one JSON value.

usage: ingest.py KEY_FILE PORT PIPE ingest|report|scan|token [ARGUMENT]
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from snowflake.connector.auth import AuthByKeyPair
from snowflake.ingest import SimpleIngestManager, StagedFile

ACCOUNT, USER = "myorg-myacct", "loader_svc"


def main(key_file: str, port: str, pipe: str, action: str, argument: str) -> object:
    pem = open(key_file).read()
    client = SimpleIngestManager(
        account=ACCOUNT, user=USER, pipe=pipe, private_key=pem, scheme="http", host="127.0.0.1", port=int(port)
    )
    if action == "ingest":
        return client.ingest_files([StagedFile(argument, None)])
    if action == "report":
        return client.get_history()
    if action == "scan":
        return client.get_history_range(argument)
    if action == "token":
        # The driver's token, which is another implementation than the ingest client's.
        key = load_pem_private_key(pem.encode(), None)
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return AuthByKeyPair(private_key=der).prepare(account=ACCOUNT, user=USER)
    raise SystemExit(f"unknown action {action}")


if __name__ == "__main__":
    print(json.dumps(main(*(sys.argv[1:] + [""])[:5])))
