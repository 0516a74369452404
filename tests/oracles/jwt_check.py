"""Checks tokens with PyJWT and prints, as one JSON object by account, what they say and what Snowflake's own clients would sign.

usage: jwt_check.py KEY_FILE PASSPHRASE USER < {"ACCOUNT": "TOKEN", …}
"""

import json
import sys

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from snowflake.connector.auth import AuthByKeyPair
from snowflake.ingest.utils.tokentools import SecurityManager


def main(key_file: str, passphrase: str, user: str) -> dict[str, object]:
    with open(key_file, "rb") as opened:
        key = load_pem_private_key(opened.read(), passphrase.encode())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def check(token: str) -> dict[str, object]:
        # Raises where the signature, the algorithm or a time is wrong.
        required = {"require": ["exp", "iat", "iss", "sub"]}
        return jwt.decode(token, key.public_key(), algorithms=["RS256"], options=required)

    return {
        account: {
            "header": jwt.get_unverified_header(token),
            "ours": check(token),
            "driver": check(AuthByKeyPair(private_key=der).prepare(account=account, user=user)),
            "ingest": check(SecurityManager(account, user, pem).get_token()),
        }
        for account, token in json.load(sys.stdin).items()
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
